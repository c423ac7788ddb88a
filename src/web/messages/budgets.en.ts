// What pages say of keys with budgets, in English.

const plural = (count: number, one: string, many: string): string => (count === 1 ? one : many);

export const budgetsEn = {
  title: 'Budget keys',
  text: 'Keys made with this one, for an agent, a job or a person. Each may spend its budget in its whole life, within the limits of this key and on your bill, and stops with it.',
  more: 'How budgets count',
  new: 'New budget key',
  create: 'Create budget key',
  name: 'What it is for',
  nameHint: 'Such as “nightly job” or the name of an agent.',
  budget: 'Budget',
  budgetHint: 'For its whole life. It can be raised and lowered later.',
  in: 'The budget is in',
  units: 'units',
  money: (currency: string) => `${currency}, at the price of units beyond the plan`,
  wholeUnits: 'Enter a whole number of units, from 1 to 1,000,000,000,000',
  used: 'Used',
  left: 'Left',
  ends: 'Ends',
  unknown: 'not known right now',
  of: (used: string, limit: string) => `${used} of ${limit}`,
  madeWith: 'Made with',
  limitsOf: 'Its other limits are those of the key that it was made with.',
  empty: 'None yet.',
  void: 'It is in money that your plan, or your currency, has no price in: its calls are refused. Make another key.',
  count: (count: number, number: string) => `${number} ${plural(count, 'budget key', 'budget keys')}`,
};
