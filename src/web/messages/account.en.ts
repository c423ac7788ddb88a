// What the pages of one's own account say, in English.

export const accountEn = {
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
