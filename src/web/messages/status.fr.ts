// What the status page and its incidents say, in French.

import type { statusEn } from './status.en.ts';

export const statusFr: typeof statusEn = {
  status: {
    title: 'État des services',
    about:
      'Appels de production de tous les partenaires, tels qu’ils ont été comptés. Un appel réussit quand sa réponse n’est pas une erreur serveur (5xx).',
    calm: 'Aucun incident en cours.',
    open: 'Incidents en cours',
    past: 'Incidents passés',
    noPast: 'Aucun incident ces 30 derniers jours.',
    everybody: 'Tous les partenaires',
    none: 'aucun appel',
    yours: 'Vous',
    success: 'Taux de réussite',
    p95: 'Latence P95',
    lastDay: '24 heures',
    lastMonth: '30 jours',
    byHour: 'Taux de réussite par heure, dernières 24 heures',
    byDay: 'Taux de réussite par jour, 30 derniers jours',
    notEnough: 'trop peu d’appels',
    notEnoughHint: (calls, partners) =>
      `Un chiffre s’affiche à partir de ${calls} appels d’au moins ${partners} partenaires, pour ne rien révéler d’un seul. Les vôtres ne sont visibles que par vous.`,
    asTable: 'En tableau',
    when: 'Heure (UTC)',
    readAt: (time) => `À ${time}, à une minute près.`,
    feed: 'Suivre par flux Atom',
    since: 'début',
    calmApi: 'aucun incident connu',
    states: {
      investigating: 'En cours d’analyse',
      identified: 'Cause identifiée',
      monitoring: 'Sous surveillance',
      resolved: 'Résolu',
    },
    incidents: 'Incidents',
    incidentsText: 'Ce que la page d’état dit à tous. Ce qui a été publié reste.',
    noIncidents: 'Aucun incident',
    report: 'Signaler un incident',
    update: 'Ajouter une mise à jour',
    publish: 'Publier',
    state: 'État',
    affects: 'Concerne',
    allApis: 'Toutes les API',
    beganAt: 'Début (UTC)',
    beganHint: 'Laissez vide pour maintenant',
    titleIn: { en: 'Titre en anglais', fr: 'Titre en français' },
    textIn: { en: 'Texte en anglais', fr: 'Texte en français' },
  },
};
