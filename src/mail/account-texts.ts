// What our mails of accounts say, in both languages. What anybody can have sent to a stranger begins with our words alone: no
// name that somebody typed stands before the link.

import type { Letter, MailLanguage, MailText } from './letter.ts';

/** What an account's owner is told of, whoever did it. `of`: the issuer of an identity. */
export const ACCOUNT_CHANGES = {
  passwordChanged: { en: () => 'Your password was changed', fr: () => 'Votre mot de passe a été modifié' },
  passwordReset: {
    en: () => 'Your password was changed with a link that we emailed',
    fr: () => 'Votre mot de passe a été modifié grâce à un lien envoyé par e-mail',
  },
  factorOn: {
    en: () => 'Two-factor authentication was turned on',
    fr: () => 'L’authentification à deux facteurs a été activée',
  },
  factorOff: {
    en: () => 'Two-factor authentication was turned off',
    fr: () => 'L’authentification à deux facteurs a été désactivée',
  },
  newCodes: {
    en: () => 'New recovery codes were created',
    fr: () => 'De nouveaux codes de secours ont été créés',
  },
  recoveryCodeUsed: { en: () => 'A recovery code was used', fr: () => 'Un code de secours a été utilisé' },
  tokenMade: {
    en: (of: string) => `The API token ${of} was created`,
    fr: (of: string) => `Le jeton d’API ${of} a été créé`,
  },
  identityLinked: {
    en: (of: string) => `Your account was linked to an identity at ${of}`,
    fr: (of: string) => `Votre compte a été associé à une identité de ${of}`,
  },
  identityUnlinked: {
    en: (of: string) => `Your account was unlinked from an identity at ${of}`,
    fr: (of: string) => `Votre compte a été dissocié d’une identité de ${of}`,
  },
} as const satisfies Record<string, Record<MailLanguage, (of: string) => string>>;
export type AccountChange = keyof typeof ACCOUNT_CHANGES;

export const ACCOUNT_MAILS = {
  verify: {
    en: ({ product, url }: Letter): MailText => ({
      subject: `Confirm your address for ${product}`,
      body: [
        'Hello,',
        'Open this page and press the button there to confirm your address. The link works for one hour.',
        { label: 'Confirm my address', url },
        'If you did not sign up, ignore this email.',
      ],
    }),
    fr: ({ product, url }: Letter): MailText => ({
      subject: `Confirmez votre adresse pour ${product}`,
      body: [
        'Bonjour,',
        'Ouvrez cette page, puis cliquez sur le bouton pour confirmer votre adresse. Le lien est valable une heure.',
        { label: 'Confirmer mon adresse', url },
        'Si vous n’avez pas créé de compte, ignorez cet e-mail.',
      ],
    }),
  },
  reset: {
    en: ({ product, url }: Letter): MailText => ({
      subject: `Choose a new password for ${product}`,
      body: [
        'Hello,',
        'Open this page to choose a new password. The link works for one hour, once.',
        { label: 'Choose a new password', url },
        'If you did not ask for it, ignore this email; your password does not change.',
      ],
    }),
    fr: ({ product, url }: Letter): MailText => ({
      subject: `Choisissez un nouveau mot de passe pour ${product}`,
      body: [
        'Bonjour,',
        'Ouvrez cette page pour choisir un nouveau mot de passe. Le lien est valable une heure et ne sert qu’une fois.',
        { label: 'Choisir un nouveau mot de passe', url },
        'Si vous n’avez rien demandé, ignorez cet e-mail ; votre mot de passe ne change pas.',
      ],
    }),
  },
  alreadyHere: {
    en: ({ product, url }: Letter): MailText => ({
      subject: `You already have an account at ${product}`,
      body: [
        'Hello,',
        'Someone signed up with your address, which already has an account. Sign in, or choose a new password.',
        { label: 'Sign in', url },
        'If it was not you, there is nothing to do.',
      ],
    }),
    fr: ({ product, url }: Letter): MailText => ({
      subject: `Vous avez déjà un compte ${product}`,
      body: [
        'Bonjour,',
        'Quelqu’un s’est inscrit avec votre adresse, qui a déjà un compte. Connectez-vous, ou choisissez un nouveau mot de passe.',
        { label: 'Se connecter', url },
        'Si ce n’était pas vous, il n’y a rien à faire.',
      ],
    }),
  },
  confirmAddress: {
    en: ({ product, url }: Letter): MailText => ({
      subject: `Confirm your new address for ${product}`,
      body: [
        'Hello,',
        'Open this page and press the button there to use this address for your account. The link works for one hour, where you are signed in.',
        { label: 'Use this address', url },
        'If you did not ask for it, ignore this email; nothing changes.',
      ],
    }),
    fr: ({ product, url }: Letter): MailText => ({
      subject: `Confirmez votre nouvelle adresse pour ${product}`,
      body: [
        'Bonjour,',
        'Ouvrez cette page, puis cliquez sur le bouton pour utiliser cette adresse avec votre compte. Le lien est valable une heure, là où vous êtes connecté.',
        { label: 'Utiliser cette adresse', url },
        'Si vous n’avez rien demandé, ignorez cet e-mail ; rien ne change.',
      ],
    }),
  },
  addressChanged: {
    en: ({ product, name, url, detail = '' }: Letter): MailText => ({
      subject: `Your address for ${product} was changed`,
      body: [
        `Hello ${name},`,
        `Your account now uses the address ${detail}. This one no longer signs you in.`,
        'If this was you, there is nothing to do. If not, take your account back within 72 hours; that ends all sessions, API tokens and the password.',
        { label: 'Take the account back', url },
      ],
    }),
    fr: ({ product, name, url, detail = '' }: Letter): MailText => ({
      subject: `Votre adresse pour ${product} a été modifiée`,
      body: [
        `Bonjour ${name},`,
        `Votre compte utilise désormais l’adresse ${detail}. Celle-ci ne permet plus de vous connecter.`,
        'Si c’était vous, il n’y a rien à faire. Sinon, récupérez votre compte dans les 72 heures ; toutes les sessions, tous les jetons d’API et le mot de passe prendront fin.',
        { label: 'Récupérer le compte', url },
      ],
    }),
  },
  accountDeleted: {
    en: ({ product, name, url }: Letter): MailText => ({
      subject: `Your account at ${product} was deleted`,
      body: [
        `Hello ${name},`,
        'Your account was deleted, with its sessions, memberships and personal data. Invoices and audit entries that the law has us keep name nobody any more.',
        'If this was not you, tell an owner of your organisation at once: the account itself cannot be restored. You can sign up again whenever you like.',
        { label: 'Sign up', url },
      ],
    }),
    fr: ({ product, name, url }: Letter): MailText => ({
      subject: `Votre compte ${product} a été supprimé`,
      body: [
        `Bonjour ${name},`,
        'Votre compte a été supprimé, avec ses sessions, ses accès aux organisations et ses données personnelles. Les factures et les entrées d’audit que la loi nous demande de conserver ne nomment plus personne.',
        'Si ce n’était pas vous, prévenez tout de suite un propriétaire de votre organisation : le compte lui-même ne peut pas être rétabli. Vous pourrez vous réinscrire quand vous le voudrez.',
        { label: 'S’inscrire', url },
      ],
    }),
  },
  factorRequired: {
    en: ({ name, url }: Letter): MailText => ({
      subject: `${name} asks for two-factor authentication`,
      body: [
        'Hello,',
        `Your organisation ${name} now asks all its members for two-factor authentication. Set it up the next time you sign in; nothing else opens before. It takes a minute and an authenticator app.`,
        { label: 'Set it up', url },
      ],
    }),
    fr: ({ name, url }: Letter): MailText => ({
      subject: `${name} demande l’authentification à deux facteurs`,
      body: [
        'Bonjour,',
        `Votre organisation ${name} demande désormais à tous ses membres l’authentification à deux facteurs. Activez-la à votre prochaine connexion ; rien d’autre ne s’ouvre avant. Une minute et une application d’authentification suffisent.`,
        { label: 'L’activer', url },
      ],
    }),
  },
  welcome: {
    en: ({ product, name, url }: Letter): MailText => ({
      subject: `Welcome to ${product}: three steps to your first response`,
      body: [
        `Hello ${name},`,
        '1. Create an app and a test key.\n2. Paste the curl command that comes with it.\n3. See the request in your usage.',
        'It takes two minutes.',
        { label: 'Open the portal', url },
      ],
    }),
    fr: ({ product, name, url }: Letter): MailText => ({
      subject: `Bienvenue chez ${product} : trois étapes jusqu’à votre première réponse`,
      body: [
        `Bonjour ${name},`,
        '1. Créez une application et une clé de test.\n2. Collez la commande curl qui l’accompagne.\n3. Retrouvez l’appel dans votre consommation.',
        'Deux minutes suffisent.',
        { label: 'Ouvrir le portail', url },
      ],
    }),
  },
  accountChanged: {
    en: ({ name, url, detail = 'Your account was changed' }: Letter): MailText => ({
      subject: detail,
      body: [
        `Hello ${name},`,
        `${detail}.`,
        'If this was you, there is nothing to do. If not, choose a new password now; that ends all your sessions and API tokens.',
        { label: 'Choose a new password', url },
      ],
    }),
    fr: ({ name, url, detail = 'Votre compte a été modifié' }: Letter): MailText => ({
      subject: detail,
      body: [
        `Bonjour ${name},`,
        `${detail}.`,
        'Si c’était vous, il n’y a rien à faire. Sinon, choisissez tout de suite un nouveau mot de passe ; toutes vos sessions et tous vos jetons d’API prendront fin.',
        { label: 'Choisir un nouveau mot de passe', url },
      ],
    }),
  },
} as const;
