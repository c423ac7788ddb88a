// What pages say of keys with budgets, in French.

import type { budgetsEn } from './budgets.en.ts';

export const budgetsFr: typeof budgetsEn = {
  title: 'Clés à budget',
  text: 'Des clés créées avec celle-ci, pour un agent, une tâche ou une personne. Chacune dépense son budget dans toute sa vie, dans les limites de cette clé et sur votre facture, et s’arrête avec elle.',
  more: 'Comment comptent les budgets',
  new: 'Nouvelle clé à budget',
  create: 'Créer la clé à budget',
  name: 'À quoi elle sert',
  nameHint: 'Par exemple « tâche de nuit », ou le nom d’un agent.',
  budget: 'Budget de la clé',
  budgetHint: 'Pour toute sa vie. Il peut être relevé et abaissé ensuite.',
  in: 'Le budget est en',
  units: 'unités',
  money: (currency) => `${currency}, au prix des unités au-delà du forfait`,
  wholeUnits: 'Saisissez un nombre entier d’unités, de 1 à 1 000 000 000 000',
  used: 'Utilisé',
  left: 'Reste',
  ends: 'Fin',
  unknown: 'inconnu pour l’instant',
  of: (used, limit) => `${used} sur ${limit}`,
  madeWith: 'Créée avec',
  limitsOf: 'Ses autres limites sont celles de la clé avec laquelle elle a été créée.',
  empty: 'Aucune pour l’instant.',
  void: 'Il est en argent, et votre forfait ou votre devise n’a pas de prix pour cela : ses appels sont refusés. Créez une autre clé.',
  count: (count, number) => `${number} ${count < 2 ? 'clé' : 'clés'} à budget`,
};
