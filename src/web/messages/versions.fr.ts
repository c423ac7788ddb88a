// What pages say of the dated versions of APIs, in French.

import type { versionsEn } from './versions.en.ts';

export const versionsFr: typeof versionsEn = {
  title: 'Versions des API',
  about:
    'Chaque version tient sa promesse jusqu’à sa fin. Un appel en nomme une avec Passerelle-Version ; sinon, c’est celle de la clé, de l’application ou de votre compte.',
  none: 'Aucune API n’a encore de versions datées',
  noneText: 'Cette page montrera quelle version vos clés appellent, et ce qui prend fin.',
  of: (api) => `Versions de ${api}`,
  date: 'Version',
  state: 'État',
  newest: 'la plus récente',
  current: 'maintenue',
  deprecated: 'dépréciée',
  ended: 'terminée',
  ends: 'Fin',
  noEnd: 'sans fin prévue',
  brownouts: (times) => `Coupures annoncées avant la fin : ${times}`,
  calls: (days) => `Appels, ${days} derniers jours`,
  called: 'Qui appelle quoi',
  partner: 'Partenaire',
  key: 'Clé',
  callsOf: 'Appels',
  lastDay: 'Dernier appel',
  ending: (version) => `Vous appelez encore la version ${version}. Elle prend fin le`,
  endedCalled: (version) =>
    `Vos programmes appellent encore la version ${version}, qui a pris fin : ils reçoivent 410.`,
  read: 'Ce qui a changé',
  see: 'Voir les clés concernées',
  pin: 'Version de l’API',
  pinHint: 'Celle des appels qui n’en nomment aucune.',
  unpinned: 'non fixée',
};
