// What the pages of one's own account say, in English.

export const accountEn = {
  factorDuty: {
    title: 'Two-factor authentication for everyone',
    text: 'Ask all members of your organisation for a second factor.',
    yours: 'Turn on yours first',
    yoursFirst: 'Turn on two-factor authentication for yourself first, and sign in with it.',
    onTitle: 'Ask all members for a second factor?',
    onText: (without: number) =>
      without === 0
        ? 'All members have one already. Those who join later set it up first.'
        : `${without} ${without === 1 ? 'member has' : 'members have'} none yet. We email them; until they set it up, they can do nothing here, by page or by program. Keys keep working.`,
    offTitle: 'Stop asking for a second factor?',
    offText: 'A password alone will be enough for members who turn theirs off.',
    missing: (without: number) =>
      without === 1 ? '1 member has not set it up yet.' : `${without} members have not set it up yet.`,
  },
  tokens: {
    title: 'API tokens',
    none: 'None. With a token, your programs do by the API what you do here.',
    create: 'Create a token',
    text: (partner: string) =>
      `It acts as you, for ${partner} only, and never does more than your role allows.`,
    name: 'Name',
    nameHint: 'What it is for: CI, a script.',
    permissions: 'It may',
    permissionsHint: 'Reading is always included.',
    may: {
      read: 'read',
      develop: 'manage apps, keys, webhooks and the sandbox',
      pay: 'change billing details',
      subscribe: 'change the plan',
      own: 'manage members and live access',
    },
    lastUsed: 'Last used',
    ends: 'Expires',
    ended: 'expired',
    days: (days: number) => (days === 365 ? 'in a year' : `in ${days} days`),
    revoke: 'Revoke',
    revokeTitle: (name: string) => `Revoke ${name}?`,
    revokeText: 'Programs that use it are refused from the next request.',
    made: 'Your token',
    once: 'Copy it now: it is not shown again. Whoever has it acts as you.',
    madeBefore:
      'This form was already submitted, and the token was shown then. Lost it? Revoke it and create another.',
  },
  mails: {
    title: 'Emails',
    about: (partner: string) => `What you are emailed about ${partner}. Other members choose for themselves.`,
    kinds: {
      usage: 'Usage alerts',
      keys: 'Key changes by our operators',
      webhooks: 'Failing webhook endpoints',
      reminders: 'Invoice reminders',
    },
    hints: {
      usage: 'To owners: errors, slow answers and quotas, when an alert opens and when it closes.',
      keys: 'To owners: an operator created or revoked a key.',
      webhooks: 'To owners: an endpoint fails, or was disabled.',
      reminders: 'To owners and billing members: an invoice is overdue.',
    },
    always:
      'Always sent: sign-in and security, leaked or misused keys, members, live access and suspension, plans and prices, invoices and credit notes.',
    stopTitle: 'Stop these emails?',
    stopText: (partner: string) => `You get them as a member of ${partner}. Nothing else is stopped.`,
    stop: 'Stop these emails',
    stoppedTitle: 'These emails are stopped',
    stopped: (partner: string) => `You get no more of these emails about ${partner}.`,
    resume: 'Get them again',
    resumedTitle: 'You get these emails again',
    resumed: (partner: string) => `We email you about ${partner} again.`,
    settings: 'All your emails',
    goneTitle: 'This link does not work',
    gone: 'It is incomplete or was changed, or you are no longer a member. You choose your emails in your settings.',
  },
  deletion: {
    title: 'Delete your account',
    text: 'Your sessions, memberships and personal data are deleted at once. This cannot be undone.',
    stays: 'Invoices and audit entries that the law has us keep stay, without your name.',
    submit: 'Delete my account',
    owned: (names: string) =>
      `You are the only owner of ${names}: make someone else an owner first, or ask us to close it.`,
    doneTitle: 'Your account is deleted',
    done: 'We have emailed you a confirmation. Thank you for having been here.',
  },
  address: {
    change: 'Change email address',
    to: 'New email address',
    text: 'We email a link to the new address. Until you open it, nothing changes.',
    ends: 'When it is confirmed, your other sessions end, and the old address is told how to undo it for 72 hours.',
    send: 'Send the link',
    same: 'This is your address already',
    waiting: (email: string) => `Waiting for the link that was sent to ${email}`,
    cancel: 'Cancel the change',
    title: 'Use this address?',
    confirm: 'Use this address',
    from: (email: string) => `Your account uses ${email} now.`,
    signIn: 'Sign in to your account first: the link works there only.',
    other: (email: string) => `You are signed in as ${email}. The link is for another account.`,
    goneTitle: 'This link is no longer valid',
    gone: 'It was used or cancelled, or is too old. You can ask for a new one in your settings.',
    undoTitle: 'Take your account back?',
    undoText: (from: string, to: string) => `The account uses ${to} again instead of ${from}.`,
    undoEnds:
      'All its sessions and API tokens end, and so does its password: you choose a new one right away.',
    undo: 'Take the account back',
  },
};
