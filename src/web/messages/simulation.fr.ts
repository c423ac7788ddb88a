// Ce que disent les pages de simulation, en français.

import type { simulationEn } from './simulation.en.ts';

const plural = (count: number, one: string, many: string): string => (count < 2 ? one : many);

export const simulationFr: typeof simulationEn = {
  simulation: {
    title: 'Combien cela aurait-il coûté ?',
    link: 'Essayer d’autres forfaits et limites sur vos appels passés',
    about: 'Vos appels, refaits avec d’autres réglages. Rien n’est modifié.',
    partner: (name) => `Simuler ${name}`,
    partnerAbout: 'Les appels du partenaire, refaits avec d’autres réglages. Rien n’est modifié.',
    settings: 'Réglages à essayer',
    limitsStay:
      'Les limites du partenaire ont été fixées pour lui seul : un autre forfait ne les change pas.',
    period: 'Période',
    lastDays: '30 derniers jours',
    asItWas: 'inchangé',
    limitHint: 'Laissez vide pour ne rien changer ; -1 : sans limite.',
    cap: 'Plafond mensuel de dépassement',
    run: 'Simuler',
    result: (from, to) => `Du ${from} au ${to}`,
    headline: (would, was) => `${would} au lieu de ${was}, taxes comprises.`,
    was: 'Constaté',
    would: 'Simulé',
    change: 'Écart',
    accepted: 'Appels acceptés',
    refused: {
      per_second: 'Refusés : limite par seconde',
      burst: 'Refusés : rafale d’une clé',
      rate: 'Refusés : seconde ou rafale',
      per_day: 'Refusés : quota du jour',
      per_month: 'Refusés : quota du mois',
      cap: 'Refusés : plafond de dépense',
    },
    overageUnits: 'Appels au-delà du quota',
    planCost: 'Forfait',
    overageCost: 'Dépassement',
    tax: 'Taxe',
    total: 'Total',
    same: 'Rien n’aurait été différent.',
    byDay: 'Jour par jour',
    day: 'Jour',
    acceptedShort: 'Acceptés',
    refusedShort: 'Refusés',
    overageShort: 'Au-delà du quota',
    costShort: 'Coût cumulé, hors taxes',
    how: 'Comment c’est calculé',
    demand:
      'Chaque appel est refait à son instant, selon les règles qui limitent et facturent, y compris ceux qui ont été refusés. On suppose que les mêmes appels auraient été envoyés, et que ceux qui ont été refusés auraient réussi.',
    share: 'Une partie de mois coûte sa part du forfait et le dépassement de ses jours.',
    sumsOnly: (days, why) =>
      `${days} ${plural(days, 'jour est calculé', 'jours sont calculés')} à partir des totaux journaliers : ${why}. Les quotas et les prix s’en déduisent ; les limites par seconde et les rafales, non.`,
    bases: {
      not_kept: 'les appels ne sont plus conservés un par un',
      imported: 'l’usage a été importé en un seul chiffre par jour',
      incomplete: 'il manque des appels',
      too_many: 'il y a plus d’appels qu’une simulation n’en refait',
    },
    ratesUnknown:
      'Ce que d’autres limites par seconde ou rafales auraient refusé ces jours-là est inconnu ; leurs appels finissent donc comme constaté.',
    unknown: 'inconnu',
    andUnknown: (calls) => `${calls} + inconnu`,
    late: (units) =>
      `${units} appels sont arrivés après la clôture de leur mois. Ils comptent comme constaté.`,
    unexplained: (calls, all) =>
      `Sur ${all} appels, ${calls} ont fini autrement que ne le disent les limites connues aujourd’hui : elles ont pu changer, ou les appels sont arrivés au même instant. Ils finissent comme constaté chaque fois que les deux réglages disent la même chose.`,
    plan: (plan) => `Simuler les prix de ${plan}`,
    planLink: 'Simuler',
    planAbout:
      'Un mois de tous les partenaires qui avaient ce forfait, à d’autres prix. Calculé à partir des totaux journaliers ; rien n’est modifié.',
    included: 'Appels inclus par mois',
    partners: (count, text) => `${text} ${plural(count, 'partenaire', 'partenaires')}`,
    nobody: 'Personne n’avait ce forfait',
    partial:
      'Plus de partenaires avaient ce forfait qu’une simulation n’en prend : les sommes sont celles des partenaires comptés ici.',
    largest: 'Les plus grands écarts d’abord',
    sums: 'Ensemble, hors taxes',
  },
};
