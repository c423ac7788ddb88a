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
  deletion: {
    title: 'Delete your account',
    text: 'Your sessions, memberships and personal data are deleted at once. This cannot be undone.',
    stays: 'Invoices and audit entries that the law has us keep stay, without your name.',
    submit: 'Delete my account',
    owned: (names: string) => `You are the only owner of ${names}: make someone else an owner first.`,
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
    from: (email: string) => `Your account uses ${email} so far.`,
    signIn: 'Sign in to your account first: the link works there only.',
    other: (email: string) => `You are signed in as ${email}. The link is for another account.`,
    goneTitle: 'This link is no longer valid',
    gone: 'It was used or cancelled, or is too old. You can ask for a new one in your settings.',
    undoTitle: 'Take your account back?',
    undoText: (from: string, to: string) => `The account uses ${to} again instead of ${from}.`,
    undoEnds: 'All its sessions end, and so does its password: we email you a link to choose a new one.',
    undo: 'Take the account back',
    undoneTitle: 'Your account is yours again',
    undone: (email: string) => `We sent a link to ${email}. Choose a new password with it to sign in.`,
  },
};
