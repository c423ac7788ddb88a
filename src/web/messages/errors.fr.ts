// What services refuse, in French: they say it in English, as the APIs do. `#` is a number.

import { inFrenchType } from '../../core/french.ts';
import { DOCUMENTS_IN_FRENCH } from './documents.fr.ts';

const IN_FRENCH: Record<string, string> = {
  'is needed: there is no such partner yet': 'est nécessaire : ce partenaire n’existe pas encore',
  'A partner needs an owner: make someone else an owner first':
    'Un partenaire a besoin d’un propriétaire : nommez-en d’abord un autre',
  'A partner with this e-mail exists': 'Un partenaire a déjà cet e-mail',
  'A plan with this name exists': 'Un forfait porte déjà ce nom',
  'A range is two days, from and to, at most # days apart':
    'Une période est faite de deux jours, from et to, à # jours l’un de l’autre au plus',
  'The mail of this invitation could not be sent. Invite again':
    'L’e-mail de cette invitation n’a pas pu être envoyé. Invitez de nouveau',
  'A revoked key cannot be rotated': 'Une clé révoquée ne se renouvelle pas',
  'This client has no secret: change its keys instead':
    'Ce client n’a pas de secret : changez plutôt ses clés',
  'Only OAuth clients have this': 'Seuls les clients OAuth l’ont',
  'A revoked key does not travel in time': 'Une clé révoquée ne voyage pas dans le temps',
  'A value cannot be stored as it is': 'Une valeur ne peut pas être enregistrée telle quelle',
  'Ask us for this plan': 'Demandez-nous ce forfait',
  'At most # apps. Archive one that is not needed':
    'Au plus # applications. Archivez-en une qui ne sert plus',
  'At most # tokens. Revoke one that is not needed': 'Au plus # jetons. Révoquez-en un qui ne sert plus',
  'At most # endpoints. Delete one that is not needed':
    'Au plus # endpoints. Supprimez-en un qui ne sert plus',
  'At most # test keys. Revoke those that are not needed':
    'Au plus # clés de test. Révoquez celles qui ne servent plus',
  'It was changed meanwhile: read it again before you change it':
    'Modifié entre-temps : relisez avant de modifier',
  'If-Match takes an ETag, with its quotes': 'If-Match prend un ETag, avec ses guillemets',
  'Live keys need an approved account. Test keys work now':
    'Les clés de production demandent un compte approuvé. Les clés de test fonctionnent déjà',
  'More than what is left of the invoice cannot be credited':
    'Un avoir ne dépasse pas ce qui reste de la facture',
  'No such API': 'Cette API n’existe pas',
  'No such partner': 'Ce partenaire n’existe pas',
  'Nothing is left to credit': 'Il ne reste rien à créditer',
  'Only an invoice that is not void can be credited': 'Une facture annulée ne se crédite pas',
  'Only an open invoice without credit notes can be voided':
    'Seule une facture ouverte et sans avoir peut être annulée',
  'Only test keys travel in time': 'Seules les clés de test voyagent dans le temps',
  'Partners on this plan are billed in a currency that it has no price in':
    'Des partenaires de ce forfait sont facturés dans une devise où il n’a pas de prix',
  'Partners pay these prices: say why they change':
    'Des partenaires paient ces prix : indiquez pourquoi ils changent',
  'Some fields are missing or not valid': 'Des champs manquent ou ne conviennent pas',
  'Switch the endpoint on first': 'Activez d’abord le endpoint',
  'The cursor is not valid': 'Cette page de la liste n’existe pas',
  'This token does not allow this': 'Ce jeton ne le permet pas',
  'Your plan allows no more live keys': 'Votre forfait n’autorise pas plus de clés de production',
  'The plan does not allow this': 'Le forfait ne le permet pas',
  'The token carries no e-mail address to register with': 'Le jeton ne porte pas d’e-mail pour s’inscrire',
  'This app was archived more than # days ago, and cannot be restored':
    'Cette application a été archivée il y a plus de # jours : elle ne peut plus être restaurée',
  'This incident is resolved': 'Cet incident est résolu',
  'This account has live access already': 'Ce compte a déjà accès à la production',
  'This dead letter was replayed before': 'Ce message en échec a déjà été rejoué',
  'This letter is no JSON object: mend it first': 'Ce message n’est pas un objet JSON : corrigez-le d’abord',
  'This key has a quota of its own, which each key that it makes would have once more: its owner makes them':
    'Cette clé a un quota à elle, que chaque clé qu’elle crée aurait à nouveau : son propriétaire les crée',
  'At most #, the budget of the key that made it': 'Au plus #, le budget de la clé dont elle est issue',
  'Only keys that were made with a budget have one': 'Seules les clés créées avec un budget en ont un',
  'This budget is in money': 'Ce budget est en argent',
  'This budget is in units': 'Ce budget est en unités',
  'At most # programs. End those that you do not need':
    'Au plus # programmes. Mettez fin à ceux qui ne vous servent plus',
  'A key that does not work makes no keys': 'Une clé hors d’usage ne crée pas de clés',
  'A key can give only scopes that it has itself':
    'Une clé ne donne que les autorisations qu’elle a elle-même',
  'Keys with budgets make others at most # deep':
    'Les clés à budget en créent d’autres sur # niveaux au plus',
  'A key that proves each request makes no keys that prove less':
    'Une clé qui prouve chaque requête ne crée pas de clés moins sûres',
  'Say its scopes: this key has none to give': 'Indiquez ses autorisations : cette clé n’en a pas à donner',
  'What a member let a program do can only be narrowed: the program may ask again':
    'Ce qu’un membre a permis à un programme ne peut qu’être réduit : le programme peut redemander',
  'A program makes no keys': 'Un programme ne crée pas de clés',
  'This budget is in money, which your plan or your currency has no price for: make another key':
    'Ce budget est en argent, pour lequel votre forfait ou votre devise n’a pas de prix : créez une autre clé',
  'At most # keys with budgets. Revoke those that are not needed':
    'Au plus # clés à budget. Révoquez celles qui ne servent plus',
  'The plan has no price of a unit beyond it: say the budget in units':
    'Le forfait n’a pas de prix par unité supplémentaire : donnez le budget en unités',
  'A key with a budget has the limits of the key that made it':
    'Une clé à budget a les limites de la clé dont elle est issue',
  'This partner is suspended: reinstate it first': 'Ce partenaire est suspendu : rétablissez-le d’abord',
  'This person is a member already': 'Cette personne est déjà membre',
  'The price of this plan has changed: look at it again':
    'Le prix de ce forfait a changé : consultez-le de nouveau',
  'This change can no longer be undone': 'Ce changement ne peut plus être annulé',
  'There is no whole day in this period yet': 'Cette période ne compte encore aucun jour complet',
  'This plan has no price in this currency': 'Ce forfait n’a pas de prix dans cette devise',
  'must not be wider than /#: block several narrower ranges':
    'La plage ne doit pas être plus large que /# : bloquez plusieurs plages plus étroites',
  'must not be wider than /# in IPv#: block several narrower ranges':
    'La plage ne doit pas être plus large que /# en IPv# : bloquez plusieurs plages plus étroites',
  'must not hold the address that you are at':
    'La plage ne doit pas contenir l’adresse depuis laquelle vous appelez',
  'Too many mails were sent to this address. Nothing was changed; try again in an hour':
    'Trop d’e-mails ont été envoyés à cette adresse. Rien n’a changé ; réessayez dans une heure',
  'Too many mails were sent to your address. Try again in an hour':
    'Trop d’e-mails ont été envoyés à votre adresse. Réessayez dans une heure',
  'Too many recoveries: at most # in # seconds': 'Trop de récupérations : au plus # en # secondes',
  'Too many replays: at most # in # seconds': 'Trop de renvois : au plus # en # secondes',
  'Too many tests of webhooks: at most # in # seconds': 'Trop d’essais de webhooks : au plus # en # secondes',
  'What is mended keeps its id, so that it is billed once':
    'Ce qui est corrigé garde son identifiant, pour n’être facturé qu’une fois',
  'must be a URL that begins with https:// and names a public host, like https://example.com/webhooks':
    'L’adresse doit commencer par https:// et nommer un hôte public, comme https://exemple.com/webhooks',
  'cannot be set: this rule has one only': 'Le seuil ne se choisit pas : cette règle n’en a qu’un',
  'cannot be both once one was chosen': 'Les deux ne peuvent plus être choisis : un seul l’est déjà',
  'must be in the past': 'Ce moment n’est pas encore venu',
  'must not contain a user name or a password': 'L’adresse ne doit contenir ni nom ni mot de passe',
  'must name a public host, not an address of a private network or of this machine':
    'L’adresse doit nommer un hôte public, et non un réseau privé ou cette machine',
  'must be a host of your own': 'Le domaine doit être à vous, et non le nôtre',
  'must be at port # or #': 'Le port doit être # ou #',
  'must be a name that can be resolved': 'Ce nom de domaine est introuvable',
  'Your partner account has sent as many invitations as it may in a day. Try again tomorrow':
    'Votre compte partenaire a envoyé toutes les invitations permises en un jour. Réessayez demain',
  'Your plan does not include webhooks': 'Votre forfait ne comprend pas les webhooks',
};

/** What says all that there is: `Tiers are: free, starter`. */
const CHOICES = /^(?:Tiers|Plans|Scopes|Currencies|Event types) are: (.+)$|^The plan allows: (.+)$/;

export function inFrench(message: string): string | undefined {
  const choices = CHOICES.exec(message);
  if (choices) return inFrenchType(`Choisissez parmi : ${choices[1] ?? choices[2]}`);
  const quoted = message.match(/`[^`]*`/g) ?? [];
  const plain = message.replace(/`[^`]*`/g, '`');
  const numbers = plain.match(/\d+/g) ?? [];
  const key = plain.replace(/\d+/g, '#');
  // Where a text has a # of its own, it is not one of the numbers.
  const said = (IN_FRENCH[key] ?? DOCUMENTS_IN_FRENCH[key])
    ?.replace(/#/g, () => numbers.shift() ?? '#')
    .replace(/`/g, () => quoted.shift() ?? '`');
  return said && inFrenchType(said);
}
