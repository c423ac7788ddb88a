// Ce qui ne va pas dans un champ, en français : ce qu’il accepte, et dans quelle unité.

import type { fieldsEn, Unit } from './fields.en.ts';

const plural = (count: number, one: string, many: string): string => (count < 2 ? one : many);
const units: Record<Unit, string> = {
  perSecond: 'un nombre entier de requêtes par seconde',
  perDay: 'un nombre entier de requêtes par jour',
  perMonth: 'un nombre entier de requêtes par mois',
  keys: 'un nombre entier de clés',
  days: 'un nombre entier de jours',
  percent: 'un pourcentage',
  ms: 'un nombre de millisecondes',
  count: 'un nombre',
  minutes: 'un nombre de minutes',
  seconds: 'un nombre de secondes',
};

export const fieldsFr: typeof fieldsEn = {
  required: 'Champ obligatoire',
  other: 'Valeur non valide',
  choice: 'Choisissez dans la liste',
  fewestChars: (count, number) => `Saisissez au moins ${number} ${plural(count, 'caractère', 'caractères')}`,
  mostChars: (count, number) => `Saisissez au plus ${number} ${plural(count, 'caractère', 'caractères')}`,
  nowChars: (number) => `, et non ${number}`,
  fewestEntries: (count, number) =>
    count === 1 ? 'Choisissez-en au moins un' : `Saisissez au moins ${number} entrées`,
  mostEntries: (count, number) => `Saisissez au plus ${number} ${plural(count, 'entrée', 'entrées')}`,
  fewest: (number) => `Saisissez un nombre d’au moins ${number}`,
  most: (number) => `Saisissez un nombre d’au plus ${number}`,
  number: (unit, from, to) => `Saisissez ${units[unit]}, de ${from} à ${to}`,
  amount: (currency, hasParts) =>
    `Saisissez un montant en ${currency}, par exemple ${hasParts ? '49 ou 49,90' : '4900'}`,
  amountAtMost: (most) => `, de ${most} au plus`,
  orNoLimit: ', ou -1 pour aucune limite',
  email: 'Saisissez une adresse e-mail valide',
  url: 'Saisissez une adresse qui commence par https:// ou http://, par exemple https://exemple.com',
  id: 'Saisissez un identifiant, par exemple 0193a5c2-7d41-7000-8000-0123456789ab',
  date: 'Saisissez une date, par exemple 2027-01-31',
  moment: 'Saisissez une date et une heure, par exemple 2027-01-31T08:30',
  codes: {
    future: 'Choisissez une date à venir',
    text: 'Saisissez un texte sans caractères de contrôle',
    line: 'Saisissez une seule ligne de texte, sans caractères de contrôle',
    apiId: 'Utilisez de 1 à 40 minuscules, chiffres et traits d’union, sans commencer par un trait d’union',
    planName:
      'Utilisez de 1 à 49 minuscules, chiffres et traits d’union, sans commencer par un trait d’union',
    sixDigits: 'Saisissez les six chiffres du code, par exemple 123456',
  },
  origin: (typed) =>
    `« ${typed} » n’est pas une origine : saisissez le protocole et l’hôte seuls, comme https://app.exemple.com, ou * pour toutes`,
  range: {
    address: (typed) =>
      `« ${typed} » n’est pas une adresse IP : saisissez-en une comme 203.0.113.7 ou 2001:db8::1, ou une plage comme 203.0.113.0/24`,
    mapped: (typed, instead) => `« ${typed} » est une adresse IPv4 écrite en IPv6 : saisissez ${instead}`,
    width: (typed, most) => `« ${typed} » doit finir par une largeur de /0 à /${most}`,
    host: (typed, instead) =>
      `« ${typed} » ne commence pas par la première adresse de sa plage : saisissez ${instead}, ou enlevez la largeur pour cette seule adresse`,
  },
};
