// What pages say of the dated versions of APIs, in English.

export const versionsEn = {
  title: 'API versions',
  about:
    'Each version keeps its promise until it ends. Calls name one with Passerelle-Version; others get the version of their key, their app or your account.',
  none: 'No API has dated versions yet',
  noneText: 'When one does, this page shows which version your keys call, and what ends.',
  of: (api: string) => `Versions of ${api}`,
  date: 'Version',
  state: 'State',
  newest: 'newest',
  current: 'supported',
  deprecated: 'deprecated',
  ended: 'ended',
  ends: 'Ends',
  noEnd: 'no end',
  brownouts: (times: string) => `Off for a while before: ${times}`,
  calls: (days: number) => `Calls, last ${days} days`,
  called: 'Who calls which',
  partner: 'Partner',
  key: 'Key',
  callsOf: 'Calls',
  lastDay: 'Last called',
  ending: (version: string) => `You still call version ${version}. It ends on`,
  endedCalled: (version: string) =>
    `Your programs still call version ${version}, which has ended: they get 410.`,
  read: 'What changed',
  see: 'See which keys',
  pin: 'API version',
  pinHint: 'The version that calls get which name none.',
  unpinned: 'not set',
};
