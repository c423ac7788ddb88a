// What the console says of the offered APIs, in French.

import type { apisEn } from './apis.en.ts';

export const apisFr: typeof apisEn = {
  title: 'API',
  about:
    'Ce que vos partenaires peuvent appeler. Une modification est appliquée partout avant que cette page ne réponde.',
  offer: 'Ajouter une API',
  offerText: 'OpenAPI 2.0 à 3.2, en JSON ou en YAML. Vous voyez ce qui sera proposé avant toute publication.',
  document: 'Document OpenAPI',
  file: 'ou un fichier',
  url: 'ou son adresse',
  urlHint: 'Lue une seule fois, maintenant.',
  id: 'Identifiant',
  idHint:
    'Minuscules, chiffres et tirets. Les chemins commencent par lui. Laissez vide pour utiliser le titre du document.',
  look: 'Vérifier',
  nothingGiven: 'Collez un document, choisissez un fichier ou donnez une adresse.',
  oneOfThem: 'Donnez une seule des trois : texte, fichier ou adresse.',
  review: (title) => `Vérification : ${title}`,
  draftKept: 'Rien n’est encore publié. Ce brouillon est conservé un jour.',
  prefix: 'Début des chemins',
  prefixNone: 'tels que dans le document',
  routes: 'Routes',
  moreRoutes: (count) => `et ${count} autres`,
  method: 'Méthode',
  path: 'Chemin',
  scope: 'Scope exigé',
  anyKey: 'toute clé',
  units: 'Unités',
  notes: 'Laissé de côté ou ignoré',
  noted: (message: string, count: string) => `${message} (${count})`,
  moreNotes: (count) => `et ${count} autres`,
  changes: 'Ce qui change',
  added: (count) => `Nouvelles routes : ${count}`,
  removed: (count) => `Routes supprimées : ${count}`,
  changed: (count) => `Routes modifiées : ${count}`,
  unchanged: 'Aucune route ne change.',
  upstreams: 'Serveurs d’origine',
  upstreamsHint:
    'Un par ligne : l’adresse, puis sa part des appels, comme https://api.example.com/v1 1. Une part de 0 ne sert que si les autres échouent.',
  upstreamsNone: (variables) =>
    variables === ''
      ? 'Aucun : les appels réels échouent, les clés de test reçoivent des exemples.'
      : `Selon ${variables}`,
  credential: 'Identification',
  credentialHint:
    'Un en-tête que porte chaque requête, comme X-Api-Key: valeur. Laissez vide pour ne rien changer. Il n’est jamais affiché.',
  hasCredential: 'avec identification',
  dropCredential: 'Supprimer l’identification',
  publish: 'Publier',
  saveUpstreams: 'Enregistrer',
  changeUpstreams: 'Modifier les serveurs d’origine',
  weight: 'Part',
  address: 'Adresse',
  source: { published: 'publiée', bundled: 'intégrée' },
  retired: 'retirée',
  retire: 'Retirer',
  retireApi: (title) => `Retirer ${title}`,
  retireText:
    'Ses appels recevront 404. Les clés et l’usage restent. Publiez de nouveau un document pour la rétablir.',
  replace: 'Publier une nouvelle version',
  download: 'Télécharger le document',
  history: 'Documents publiés',
  version: 'Numéro',
  by: 'Par',
  state: 'État',
  states: { live: 'en service', retired: 'retirée' },
  when: 'Publication',
};
