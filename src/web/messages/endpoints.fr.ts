// What our own OpenAPI documents call groups and endpoints, in French; those of the offered APIs bring their translations.

import { inFrenchType } from '../../core/french.ts';

const IN_FRENCH: Readonly<Record<string, string>> = {
  // By key
  Dashboard: 'Tableau de bord',
  'What a key may know and do about its partner': 'Ce qu’une clé peut savoir et faire pour son partenaire',
  'Retrieve the partner of the key': 'Obtenir le partenaire de la clé',
  'List keys of the partner, newest first':
    'Lister les clés du partenaire, de la plus récente à la plus ancienne',
  'Create a key': 'Créer une clé',
  'Revoke a key, at once and for good': 'Révoquer une clé, immédiatement et définitivement',
  'Retrieve usage by day, newest first': 'Obtenir la consommation par jour, du plus récent au plus ancien',
  'Retrieve quotas and rates, as the limiter counts them':
    'Obtenir les quotas et les débits, tels que le limiteur les compte',
  // For developers
  Apps: 'Applications',
  'What your keys belong to: one for each program of yours':
    'Ce à quoi vos clés appartiennent : une pour chacun de vos programmes',
  'Create an app': 'Créer une application',
  'List apps, newest first': 'Lister les applications, de la plus récente à la plus ancienne',
  'Retrieve an app': 'Obtenir une application',
  'Update an app': 'Modifier une application',
  'Archive an app': 'Archiver une application',
  'Restore an archived app, within 30 days': 'Restaurer une application archivée, dans les 30 jours',
  Keys: 'Clés',
  Grants: 'Programmes autorisés',
  'Programs that you let in by OAuth': 'Programmes que vous avez autorisés par OAuth',
  'List the programs that you let in, newest first':
    'Lister les programmes que vous avez autorisés, les plus récents d’abord',
  'End what a program may do, at once and for good':
    'Mettre fin à ce qu’un programme peut faire, tout de suite et pour de bon',
  'Keys of your apps: made, limited, rotated, revoked':
    'Les clés de vos applications : création, limites, renouvellement, révocation',
  'List the keys of an app, newest first':
    'Lister les clés d’une application, de la plus récente à la plus ancienne',
  'Retrieve a key': 'Obtenir une clé',
  'Update a key': 'Modifier une clé',
  'Create a key with a budget': 'Créer une clé à budget',
  'List the keys with budgets that a key made, newest first, with what is left':
    'Lister les clés à budget issues d’une clé, les plus récentes d’abord, avec ce qu’il en reste',
  'Rotate a key': 'Renouveler une clé',
  Usage: 'Consommation',
  'What was called, and whether all counts agree': 'Ce qui a été appelé, et si tous les comptes concordent',
  'Retrieve usage of an app, by day, route, key or status':
    'Obtenir la consommation d’une application, par jour, route, clé ou statut',
  'List recent requests of an app, newest first':
    'Lister les requêtes récentes d’une application, de la plus récente à la plus ancienne',
  'List the nightly comparisons, newest first':
    'Lister les comparaisons de chaque nuit, de la plus récente à la plus ancienne',
  'List recent requests with any key, newest first':
    'Lister les requêtes récentes de toutes les clés, de la plus récente à la plus ancienne',
  'Explain a request': 'Expliquer une requête',
  'Retrieve a request, by its X-Request-Id': 'Obtenir une requête, par son X-Request-Id',
  Audit: 'Journal d’audit',
  'Who did what for your partner': 'Qui a fait quoi pour votre partenaire',
  'List who did what, newest first': 'Lister qui a fait quoi, du plus récent au plus ancien',
  Sandbox: 'Bac à sable',
  'What test keys may do with time, and with what they made':
    'Ce que les clés de test peuvent faire du temps, et de ce qu’elles ont créé',
  'Empty the sandbox of an app': 'Vider le bac à sable d’une application',
  "Spend a test key's day, or begin a new one":
    'Épuiser la journée d’une clé de test, ou en commencer une nouvelle',
  Members: 'Membres',
  'Who works for your partner, and who is invited': 'Qui travaille pour votre partenaire, et qui est invité',
  'List members and open invitations': 'Lister les membres et les invitations en cours',
  'Invite someone by mail': 'Inviter quelqu’un par e-mail',
  'Withdraw an invitation': 'Annuler une invitation',
  'Resend an invitation: a new link, for seven days':
    'Renvoyer une invitation : un nouveau lien, valable sept jours',
  'Live access': 'Accès à la production',
  'Whether live keys may be created, and how to request it':
    'Si vous pouvez créer des clés de production, et comment le demander',
  'Retrieve whether live keys may be created, and the last request for it':
    'Savoir si des clés de production peuvent être créées, et la dernière demande',
  'Request live access': 'Demander l’accès à la production',
  "Change a member's role": 'Changer le rôle d’un membre',
  'Remove a member': 'Retirer un membre',
  'Leave the partner, whatever your role': 'Quitter le partenaire, quel que soit votre rôle',
  'Retrieve which kinds of email you get': 'Savoir quels types d’e-mails vous recevez',
  'Choose which kinds of email you get': 'Choisir quels types d’e-mails vous recevez',
  'Where events are sent, and what became of them':
    'Où les événements sont envoyés, et ce qu’ils sont devenus',
  'List event types, each with the JSON Schema of its data':
    'Lister les types d’événements, chacun avec le schéma JSON de ses données',
  'Create an endpoint': 'Créer un endpoint',
  'List endpoints': 'Lister les endpoints',
  'Retrieve an endpoint': 'Obtenir un endpoint',
  'Update, pause or resume an endpoint': 'Modifier, suspendre ou réactiver un endpoint',
  'Delete an endpoint': 'Supprimer un endpoint',
  'Rotate the secret of an endpoint': 'Renouveler le secret d’un endpoint',
  'Send a test event': 'Envoyer un événement de test',
  'Resend all that did not arrive since a time':
    'Renvoyer tout ce qui n’est pas arrivé depuis un moment donné',
  'List deliveries, newest first': 'Lister les envois, du plus récent au plus ancien',
  'Retrieve a delivery with its attempts': 'Obtenir un envoi avec ses tentatives',
  'Resend a delivery, under the same id': 'Renvoyer un envoi, sous le même identifiant',
  Billing: 'Facturation',
  'Plans, invoices and what the month will cost': 'Les forfaits, les factures et ce que le mois coûtera',
  'List the plans to choose from': 'Lister les forfaits au choix',
  'Retrieve how you are billed, and what waits for the next month':
    'Obtenir vos conditions de facturation, et ce qui attend le mois prochain',
  'Change plan, currency, overage, spending cap or where invoices go':
    'Changer de forfait, de devise, de dépassement, de plafond de dépense ou de destinataire des factures',
  'Preview the next invoice, so far and at the pace of this month':
    'Prévoir la prochaine facture, à ce jour et au rythme du mois',
  'Preview another plan': 'Prévoir le coût d’un autre forfait',
  'List the dated versions of the APIs, and which of your keys call each':
    'Liste les versions datées des API, et celles de vos clés qui appellent chacune',
  'Simulate another plan, currency or limits on what you called: refusals, overage and cost by day':
    'Simuler un autre forfait, une autre devise ou d’autres limites sur vos appels : refus, dépassement et coût par jour',
  'Undo the change of plan of the last hour': 'Revenir sur le changement de forfait de la dernière heure',
  'List invoices and credit notes, newest first':
    'Lister les factures et les avoirs, du plus récent au plus ancien',
  'Retrieve an invoice with its lines': 'Obtenir une facture avec ses lignes',
  Alerts: 'Alertes',
  'What is watched for you, and what was found': 'Ce qui est surveillé pour vous, et ce qui a été constaté',
  'List alerts, newest first': 'Lister les alertes, de la plus récente à la plus ancienne',
  'List the rules of alerts, as they stand for you':
    'Lister les règles d’alerte, telles qu’elles valent pour vous',
  'Switch a rule on or off, or set its threshold': 'Activer ou désactiver une règle, ou fixer son seuil',
};

/** As it is where there is no French: names are names. */
export const endpointInFrench = (text: string): string => inFrenchType(IN_FRENCH[text] ?? text);
