// What the page of a request says of how it was judged, in French.

import type { explainEn } from './explain.en.ts';

export const explainFr: typeof explainEn = {
  title: 'Comment elle a été jugée',
  limit: 'Limite',
  whose: 'De qui',
  most: 'Au plus',
  before: 'Restant avant',
  after: 'Restant après',
  names: { second: 'Seconde', burst: 'Rafale', day: 'Jour', month: 'Mois', budget: 'Budget à vie' },
  owners: { key: 'clé', parent: 'clé dont elle est issue', partner: 'partenaire', cap: 'plafond de dépense' },
  formulas: {
    second: 'Unités des 1 000 dernières ms, où qu’elles commencent',
    burst: 'Un seau qui se remplit régulièrement',
    day: 'Unités depuis 00:00 UTC',
    month: 'Unités depuis le 1er, 00:00 UTC',
    budget: 'Unités de toute la vie de la clé',
  },
  unlimited: 'sans limite',
  unknown: 'non enregistré',
  record: 'Fiche de la clé',
  recordOf: (key, partner) => `version ${key}, de son partenaire ${partner}`,
  from: { memory: 'de la mémoire', kv: 'de KV', postgres: 'de Postgres' },
  read: 'Lue dans la base',
  catalog: 'Catalogue',
  catalogOf: (version) => `version ${version}`,
  policies: 'Règles',
  cache: 'Cache',
  none: 'aucune',
  price: 'Prix',
  prices: {
    not_counted: 'rien : elle n’a pas été comptée',
    test: 'rien : les requêtes de test sont gratuites',
    not_billed: 'rien : le compte n’est pas facturé',
    included: 'incluse dans le forfait',
    overage_charged: 'au-delà de ce que le forfait inclut, facturée',
    overage_free: 'au-delà de ce que le forfait inclut, gratuite',
  },
  per1000: (amount) => `${amount} pour 1 000`,
};
