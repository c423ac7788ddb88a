// What pages say of programs that act for people, in English.

export const grantsEn = {
  title: 'Programs',
  text: 'Programs and agents that call the APIs in your name, by OAuth. Each has its own scopes, end and budget; end one and its tokens are refused within a second.',
  empty: 'You have not let any program in.',
  emptyText: 'When a program asks you, you decide here what it may do.',
  program: 'Program',
  end: 'End',
  endTitle: (name: string) => `End ${name}?`,
  endText: 'Its tokens are refused everywhere within a second. It can ask you again.',
  ended: 'Program ended. Its tokens are refused everywhere within a second.',
  all: 'Programs you let in',
  asks: (name: string) => `${name} asks to call the APIs for you`,
  asksText: (partner: string) =>
    `What it calls counts in the limits of ${partner} and is on its bill. You can end it at any time.`,
  describes: 'Describes itself at',
  own: 'An OAuth client of yours',
  unverified: 'Nobody here has checked who it is: look at the address.',
  answers: 'You are sent back to',
  thisMachine: 'a program on this machine',
  where: 'It may call',
  everywhere: 'all APIs here',
  for: 'For',
  app: 'App',
  noApp: 'Create an app first: what a program does is counted with one.',
  environment: 'With',
  environments: { live: 'live data', test: 'test data only' },
  scopes: 'It may',
  budget: 'Budget',
  budgetHint: 'What it may spend until it ends, at most. Leave empty for no cap but your limits.',
  ends: 'Until',
  days: { '1': 'a day from now', '7': 'a week from now', '30': '30 days from now', '90': '90 days from now' },
  limits: 'Limits',
  limitsText: (second: string, day: string, month: string) =>
    `${second} a second, ${day} a day, ${month} a month, together with all your keys.`,
  none: 'no limit',
  allow: 'Allow',
  refuse: 'Refuse',
  onward: (name: string) => `Back to ${name}`,
  onwardText: 'If nothing happens, continue.',
  continue: 'Continue',
  wronglyAsked: (name: string, why: string) => `${name} did not ask as it should: ${why}.`,
  problemTitle: 'This request cannot be answered',
  problems: {
    malformed: 'The address is too long, or says something twice. Begin again in the program.',
    not_an_address:
      'The program says who it is by something that is no address and no client of yours. Begin again in the program.',
    refused_address: 'The program describes itself at an address that is not public.',
    unreachable:
      'The program describes itself at an address that does not answer, or that sends us elsewhere.',
    too_large: 'The program describes itself at too great length, or too slowly.',
    not_its_own: 'What the program says of itself cannot be read, or is about another one.',
    not_for_people:
      'This OAuth client is none of the workspace that you are in, has no redirect URIs, or does not work.',
    redirect_refused:
      'The program asks us to send you back to an address that is not one of its own. That may be an attack: begin again in the program.',
  },
};
