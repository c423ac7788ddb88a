// What our mails say, in both languages. Plain text: it reads everywhere. What anybody can have sent to a stranger begins
// with our words alone: no name that somebody typed stands before the link.

import type { Mail } from './mailer.ts';
import { MONEY_MAILS } from './money-texts.ts';

export type MailLanguage = 'en' | 'fr';
export type MailText = Omit<Mail, 'to'>;

const sign = { en: (product: string) => `\n\n${product}`, fr: (product: string) => `\n\n${product}` };

export interface Letter {
  product: string;
  name: string;
  url: string;
  /** What a letter of its kind says besides. */
  detail?: string;
  /** What ends it, before our name: begins with an empty line. */
  foot?: string;
  /** Whom to ask. */
  support?: string;
}

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

export const MAILS = {
  ...MONEY_MAILS,
  verify: {
    en: ({ product, url }: Letter): MailText => ({
      subject: `Confirm your address for ${product}`,
      body: `Hello,\n\nopen this link and press the button there to confirm your address. It works for one hour.\n\n${url}\n\nIf you did not sign up, ignore this email.${sign.en(product)}`,
    }),
    fr: ({ product, url }: Letter): MailText => ({
      subject: `Confirmez votre adresse pour ${product}`,
      body: `Bonjour,\n\nouvrez ce lien, puis cliquez sur le bouton pour confirmer votre adresse. Il est valable une heure.\n\n${url}\n\nSi vous n’avez pas créé de compte, ignorez cet e-mail.${sign.fr(product)}`,
    }),
  },
  reset: {
    en: ({ product, url }: Letter): MailText => ({
      subject: `Choose a new password for ${product}`,
      body: `Hello,\n\nopen this link to choose a new password. It works for one hour, once.\n\n${url}\n\nIf you did not ask for it, ignore this email; your password does not change.${sign.en(product)}`,
    }),
    fr: ({ product, url }: Letter): MailText => ({
      subject: `Choisissez un nouveau mot de passe pour ${product}`,
      body: `Bonjour,\n\nouvrez ce lien pour choisir un nouveau mot de passe. Il est valable une heure et ne sert qu’une fois.\n\n${url}\n\nSi vous n’avez rien demandé, ignorez cet e-mail ; votre mot de passe ne change pas.${sign.fr(product)}`,
    }),
  },
  alreadyHere: {
    en: ({ product, url }: Letter): MailText => ({
      subject: `You already have an account at ${product}`,
      body: `Hello,\n\nsomeone signed up with your address, which already has an account. Sign in, or choose a new password:\n\n${url}\n\nIf it was not you, there is nothing to do.${sign.en(product)}`,
    }),
    fr: ({ product, url }: Letter): MailText => ({
      subject: `Vous avez déjà un compte ${product}`,
      body: `Bonjour,\n\nquelqu’un s’est inscrit avec votre adresse, qui a déjà un compte. Connectez-vous, ou choisissez un nouveau mot de passe :\n\n${url}\n\nSi ce n’était pas vous, il n’y a rien à faire.${sign.fr(product)}`,
    }),
  },
  confirmAddress: {
    en: ({ product, url }: Letter): MailText => ({
      subject: `Confirm your new address for ${product}`,
      body: `Hello,\n\nopen this link and press the button there to use this address for your account. It works for one hour, where you are signed in.\n\n${url}\n\nIf you did not ask for it, ignore this email; nothing changes.${sign.en(product)}`,
    }),
    fr: ({ product, url }: Letter): MailText => ({
      subject: `Confirmez votre nouvelle adresse pour ${product}`,
      body: `Bonjour,\n\nouvrez ce lien, puis cliquez sur le bouton pour utiliser cette adresse avec votre compte. Il est valable une heure, là où vous êtes connecté.\n\n${url}\n\nSi vous n’avez rien demandé, ignorez cet e-mail ; rien ne change.${sign.fr(product)}`,
    }),
  },
  addressChanged: {
    en: ({ product, name, url, detail = '' }: Letter): MailText => ({
      subject: `Your address for ${product} was changed`,
      body: `Hello ${name},\n\nyour account now uses the address ${detail}. This one no longer signs you in.\n\nIf this was you, there is nothing to do. If not, take your account back within 72 hours; that ends all sessions and the password:\n\n${url}${sign.en(product)}`,
    }),
    fr: ({ product, name, url, detail = '' }: Letter): MailText => ({
      subject: `Votre adresse pour ${product} a été modifiée`,
      body: `Bonjour ${name},\n\nvotre compte utilise désormais l’adresse ${detail}. Celle-ci ne permet plus de vous connecter.\n\nSi c’était vous, il n’y a rien à faire. Sinon, récupérez votre compte dans les 72 heures ; toutes les sessions et le mot de passe prendront fin :\n\n${url}${sign.fr(product)}`,
    }),
  },
  accountDeleted: {
    en: ({ product, name, url }: Letter): MailText => ({
      subject: `Your account at ${product} was deleted`,
      body: `Hello ${name},\n\nyour account was deleted, with its sessions, memberships and personal data. Invoices and audit entries that the law has us keep name nobody any more.\n\nIf this was not you, tell an owner of your organisation at once: the account itself cannot be restored. You can sign up again whenever you like:\n\n${url}${sign.en(product)}`,
    }),
    fr: ({ product, name, url }: Letter): MailText => ({
      subject: `Votre compte ${product} a été supprimé`,
      body: `Bonjour ${name},\n\nvotre compte a été supprimé, avec ses sessions, ses accès aux organisations et ses données personnelles. Les factures et les entrées d’audit que la loi nous demande de conserver ne nomment plus personne.\n\nSi ce n’était pas vous, prévenez tout de suite un propriétaire de votre organisation : le compte lui-même ne peut pas être rétabli. Vous pourrez vous réinscrire quand vous le voudrez :\n\n${url}${sign.fr(product)}`,
    }),
  },
  welcome: {
    en: ({ product, name, url }: Letter): MailText => ({
      subject: `Welcome to ${product}: three steps to your first response`,
      body: `Hello ${name},\n\n1. Create an app and a test key.\n2. Paste the curl command that comes with it.\n3. See the request in your usage.\n\nIt takes two minutes:\n\n${url}${sign.en(product)}`,
    }),
    fr: ({ product, name, url }: Letter): MailText => ({
      subject: `Bienvenue chez ${product} : trois étapes jusqu’à votre première réponse`,
      body: `Bonjour ${name},\n\n1. Créez une application et une clé de test.\n2. Collez la commande curl qui l’accompagne.\n3. Retrouvez l’appel dans votre consommation.\n\nDeux minutes suffisent :\n\n${url}${sign.fr(product)}`,
    }),
  },
  invitation: {
    en: ({ product, name, url }: Letter): MailText => ({
      subject: `You are invited to ${product}`,
      body: `Hello,\n\nyou have been invited to join a team at ${product}. Open this link to see who invited you, and to accept. It works for seven days.\n\n${url}\n\nThe team calls itself: ${name}${sign.en(product)}`,
    }),
    fr: ({ product, name, url }: Letter): MailText => ({
      subject: `Invitation à rejoindre une équipe chez ${product}`,
      body: `Bonjour,\n\nune équipe vous invite à la rejoindre chez ${product}. Ouvrez ce lien pour voir qui vous invite, et pour accepter. Il est valable sept jours.\n\n${url}\n\nNom que se donne l’équipe : ${name}${sign.fr(product)}`,
    }),
  },
  accountChanged: {
    en: ({ product, name, url, detail = 'Your account was changed' }: Letter): MailText => ({
      subject: detail,
      body: `Hello ${name},\n\n${detail}.\n\nIf this was you, there is nothing to do. If not, choose a new password now; that ends all your sessions:\n\n${url}${sign.en(product)}`,
    }),
    fr: ({ product, name, url, detail = 'Votre compte a été modifié' }: Letter): MailText => ({
      subject: detail,
      body: `Bonjour ${name},\n\n${detail}.\n\nSi c’était vous, il n’y a rien à faire. Sinon, choisissez tout de suite un nouveau mot de passe ; toutes les sessions prendront fin :\n\n${url}${sign.fr(product)}`,
    }),
  },
  ownerJoined: {
    en: ({ product, name, url, detail = '' }: Letter): MailText => ({
      subject: `${name} has another owner`,
      body: `Hello,\n\n${detail} is now an owner of ${name}, with the same rights as you. If you did not expect this, check the list of members:\n\n${url}${sign.en(product)}`,
    }),
    fr: ({ product, name, url, detail = '' }: Letter): MailText => ({
      subject: `${name} a un nouveau propriétaire`,
      body: `Bonjour,\n\n${detail} est désormais propriétaire de ${name}, avec les mêmes droits que vous. Si vous ne vous y attendiez pas, vérifiez la liste des membres :\n\n${url}${sign.fr(product)}`,
    }),
  },
  factorRequired: {
    en: ({ product, name, url }: Letter): MailText => ({
      subject: `${name} asks for two-factor authentication`,
      body: `Hello,\n\nyour organisation ${name} now asks all its members for two-factor authentication. Set it up the next time you sign in; nothing else opens before. It takes a minute and an authenticator app:\n\n${url}${sign.en(product)}`,
    }),
    fr: ({ product, name, url }: Letter): MailText => ({
      subject: `${name} demande l’authentification à deux facteurs`,
      body: `Bonjour,\n\nvotre organisation ${name} demande désormais à tous ses membres l’authentification à deux facteurs. Activez-la à votre prochaine connexion ; rien d’autre ne s’ouvre avant. Une minute et une application d’authentification suffisent :\n\n${url}${sign.fr(product)}`,
    }),
  },
  approved: {
    en: ({ product, name, url }: Letter): MailText => ({
      subject: `${name} can now use live keys`,
      body: `Hello,\n\nyour account ${name} is approved. You can now create live keys:\n\n${url}${sign.en(product)}`,
    }),
    fr: ({ product, name, url }: Letter): MailText => ({
      subject: `${name} peut maintenant utiliser des clés de production`,
      body: `Bonjour,\n\nvotre compte ${name} est approuvé : vous pouvez créer des clés de production.\n\n${url}${sign.fr(product)}`,
    }),
  },
  liveAccessRequested: {
    en: ({ product, name, url, detail = '' }: Letter): MailText => ({
      subject: `${name} requests live access`,
      body: `Hello,\n\n${name} (${detail}) requests live access. Its answers, and the approval:\n\n${url}${sign.en(product)}`,
    }),
    fr: ({ product, name, url, detail = '' }: Letter): MailText => ({
      subject: `${name} demande l’accès à la production`,
      body: `Bonjour,\n\n${name} (${detail}) demande l’accès à la production. Ses réponses et l’approbation :\n\n${url}${sign.fr(product)}`,
    }),
  },
  liveAccessDeclined: {
    en: ({ product, name, url, detail = '' }: Letter): MailText => ({
      subject: `Live access for ${name} was not approved`,
      body: `Hello,\n\nyour request for live access was not approved:\n\n${detail}\n\nTest keys keep working. You can change your answers and ask again:\n\n${url}${sign.en(product)}`,
    }),
    fr: ({ product, name, url, detail = '' }: Letter): MailText => ({
      subject: `L’accès à la production de ${name} n’a pas été accordé`,
      body: `Bonjour,\n\nvotre demande d’accès à la production n’a pas été acceptée :\n\n${detail}\n\nVos clés de test continuent de fonctionner. Vous pouvez compléter vos réponses et refaire une demande :\n\n${url}${sign.fr(product)}`,
    }),
  },
  keyCreated: {
    en: ({ product, name, url }: Letter): MailText => ({
      subject: `An operator created the key ${name}`,
      body: `Hello,\n\nan operator of ${product} created the key ${name} for your account. The operator has its secret and will hand it to you; roll the key if it should be yours alone:\n\n${url}${sign.en(product)}`,
    }),
    fr: ({ product, name, url }: Letter): MailText => ({
      subject: `Un opérateur a créé la clé ${name}`,
      body: `Bonjour,\n\nun opérateur de ${product} a créé la clé ${name} pour votre compte. Il en détient le secret et vous le transmettra ; renouvelez la clé si vous voulez être seul à le connaître :\n\n${url}${sign.fr(product)}`,
    }),
  },
  keyRevoked: {
    en: ({ product, name, url }: Letter): MailText => ({
      subject: `Your key ${name} was revoked`,
      body: `Hello,\n\nan operator revoked your key ${name}. Requests with it are refused from now on. The reason is in your audit log:\n\n${url}${sign.en(product)}`,
    }),
    fr: ({ product, name, url }: Letter): MailText => ({
      subject: `Votre clé ${name} a été révoquée`,
      body: `Bonjour,\n\nun opérateur a révoqué votre clé ${name}. Les appels qui l’utilisent sont désormais refusés. Le motif figure dans votre journal d’audit :\n\n${url}${sign.fr(product)}`,
    }),
  },
  webhookDisabled: {
    en: ({ product, name, url }: Letter): MailText => ({
      subject: `Your webhook endpoint was disabled`,
      body: `Hello,\n\nevery delivery to ${name} failed for five days, so nothing more is sent to it. Fix the endpoint and re-enable it; queued events will be delivered:\n\n${url}${sign.en(product)}`,
    }),
    fr: ({ product, name, url }: Letter): MailText => ({
      subject: `Votre endpoint webhook a été désactivé`,
      body: `Bonjour,\n\ntous les envois vers ${name} ont échoué pendant cinq jours ; plus rien ne lui est envoyé. Corrigez-le puis réactivez-le ; les événements en attente seront envoyés :\n\n${url}${sign.fr(product)}`,
    }),
  },
  alertFired: {
    en: ({ product, name, url }: Letter): MailText => ({
      subject: `Alert: ${name}`,
      body: `Hello,\n\n${name}\n\nWhen it started, and what to do:\n\n${url}${sign.en(product)}`,
    }),
    fr: ({ product, name, url }: Letter): MailText => ({
      subject: `Alerte : ${name}`,
      body: `Bonjour,\n\n${name}\n\nDepuis quand, et que faire :\n\n${url}${sign.fr(product)}`,
    }),
  },
  alertResolved: {
    en: ({ product, name, url }: Letter): MailText => ({
      subject: `Resolved: ${name}`,
      body: `Hello,\n\nthis alert is resolved: ${name}\n\n${url}${sign.en(product)}`,
    }),
    fr: ({ product, name, url }: Letter): MailText => ({
      subject: `Résolue : ${name}`,
      body: `Bonjour,\n\ncette alerte est résolue : ${name}\n\n${url}${sign.fr(product)}`,
    }),
  },
  keyLeaked: {
    en: ({ product, name, url }: Letter): MailText => ({
      subject: `Your key ${name} was found in public`,
      body: `Hello,\n\nyour key ${name} was found in a public place. Requests with it are refused from now on. Roll it to get a new secret:\n\n${url}${sign.en(product)}`,
    }),
    fr: ({ product, name, url }: Letter): MailText => ({
      subject: `Votre clé ${name} a été trouvée en public`,
      body: `Bonjour,\n\nvotre clé ${name} a été trouvée dans un lieu public. Les appels qui l’utilisent sont désormais refusés. Renouvelez-la pour obtenir un nouveau secret :\n\n${url}${sign.fr(product)}`,
    }),
  },
} as const satisfies Record<string, Record<MailLanguage, (letter: Letter) => MailText>>;
