// What our mails say, in both languages: of accounts, of money, and those that follow. An invitation, too, begins with our
// words alone.

import { ACCOUNT_MAILS } from './account-texts.ts';
import type { Letter, MailLanguage, MailText } from './letter.ts';
import { MONEY_MAILS } from './money-texts.ts';

export const MAILS = {
  ...ACCOUNT_MAILS,
  ...MONEY_MAILS,
  invitation: {
    en: ({ product, name, url }: Letter): MailText => ({
      subject: `You are invited to ${product}`,
      body: [
        'Hello,',
        `You have been invited to join a team at ${product}. Open this page to see who invited you, and to accept. The link works for seven days.`,
        { label: 'See the invitation', url },
        `The team calls itself: ${name}`,
      ],
    }),
    fr: ({ product, name, url }: Letter): MailText => ({
      subject: `Invitation à rejoindre une équipe chez ${product}`,
      body: [
        'Bonjour,',
        `Une équipe vous invite à la rejoindre chez ${product}. Ouvrez cette page pour voir qui vous invite, et pour accepter. Le lien est valable sept jours.`,
        { label: 'Voir l’invitation', url },
        `Nom que se donne l’équipe : ${name}`,
      ],
    }),
  },
  ownerJoined: {
    en: ({ name, url, detail = '' }: Letter): MailText => ({
      subject: `${name} has another owner`,
      body: [
        'Hello,',
        `${detail} is now an owner of ${name}, with the same rights as you. If you did not expect this, check the list of members.`,
        { label: 'See the members', url },
      ],
    }),
    fr: ({ name, url, detail = '' }: Letter): MailText => ({
      subject: `${name} a un nouveau propriétaire`,
      body: [
        'Bonjour,',
        `${detail} est désormais propriétaire de ${name}, avec les mêmes droits que vous. Si vous ne vous y attendiez pas, vérifiez la liste des membres.`,
        { label: 'Voir les membres', url },
      ],
    }),
  },
  approved: {
    en: ({ name, url }: Letter): MailText => ({
      subject: `${name} can now use live keys`,
      body: [
        'Hello,',
        `Your account ${name} is approved. You can now create live keys.`,
        { label: 'Open the portal', url },
      ],
    }),
    fr: ({ name, url }: Letter): MailText => ({
      subject: `${name} peut maintenant utiliser des clés de production`,
      body: [
        'Bonjour,',
        `Votre compte ${name} est approuvé : vous pouvez créer des clés de production.`,
        { label: 'Ouvrir le portail', url },
      ],
    }),
  },
  reinstated: {
    en: ({ name, url, support }: Letter): MailText => ({
      subject: `${name} is no longer suspended`,
      body: [
        'Hello,',
        `Your account ${name} is reinstated, with live access as before. Its keys, live and test, work again.`,
        { label: 'Open the portal', url },
        ...(support ? [`Questions? ${support}`] : []),
      ],
    }),
    fr: ({ name, url, support }: Letter): MailText => ({
      subject: `${name} n’est plus suspendu`,
      body: [
        'Bonjour,',
        `Votre compte ${name} est rétabli, avec accès à la production comme avant. Ses clés de production et de test fonctionnent de nouveau.`,
        { label: 'Ouvrir le portail', url },
        ...(support ? [`Une question ? ${support}`] : []),
      ],
    }),
  },
  reinstatedInTest: {
    en: ({ name, url, support }: Letter): MailText => ({
      subject: `${name} is no longer suspended`,
      body: [
        'Hello,',
        `Your account ${name} is reinstated. It has no live access, as before: its test keys work again, and live keys wait for an approval.`,
        { label: 'Open the portal', url },
        ...(support ? [`Questions? ${support}`] : []),
      ],
    }),
    fr: ({ name, url, support }: Letter): MailText => ({
      subject: `${name} n’est plus suspendu`,
      body: [
        'Bonjour,',
        `Votre compte ${name} est rétabli. Comme avant, il n’a pas accès à la production : ses clés de test fonctionnent de nouveau, et les clés de production attendent une approbation.`,
        { label: 'Ouvrir le portail', url },
        ...(support ? [`Une question ? ${support}`] : []),
      ],
    }),
  },
  liveAccessRequested: {
    en: ({ name, url, detail = '' }: Letter): MailText => ({
      subject: `${name} requests live access`,
      body: ['Hello,', `${name} (${detail}) requests live access.`, { label: 'See the answers', url }],
    }),
    fr: ({ name, url, detail = '' }: Letter): MailText => ({
      subject: `${name} demande l’accès à la production`,
      body: [
        'Bonjour,',
        `${name} (${detail}) demande l’accès à la production.`,
        { label: 'Voir les réponses', url },
      ],
    }),
  },
  liveAccessDeclined: {
    en: ({ name, url, detail = '' }: Letter): MailText => ({
      subject: `Live access for ${name} was not approved`,
      body: [
        'Hello,',
        'Your request for live access was not approved:',
        detail,
        'Test keys keep working. You can change your answers and ask again.',
        { label: 'Change my answers', url },
      ],
    }),
    fr: ({ name, url, detail = '' }: Letter): MailText => ({
      subject: `L’accès à la production de ${name} n’a pas été accordé`,
      body: [
        'Bonjour,',
        'Votre demande d’accès à la production n’a pas été acceptée :',
        detail,
        'Vos clés de test continuent de fonctionner. Vous pouvez compléter vos réponses et refaire une demande.',
        { label: 'Compléter mes réponses', url },
      ],
    }),
  },
  keyCreated: {
    en: ({ product, name, url }: Letter): MailText => ({
      subject: `An operator created the key ${name}`,
      body: [
        'Hello,',
        `An operator of ${product} created the key ${name} for your account. The operator has its secret and will hand it to you; roll the key if it should be yours alone.`,
        { label: 'See the key', url },
      ],
    }),
    fr: ({ product, name, url }: Letter): MailText => ({
      subject: `Un opérateur a créé la clé ${name}`,
      body: [
        'Bonjour,',
        `Un opérateur de ${product} a créé la clé ${name} pour votre compte. Il en détient le secret et vous le transmettra ; renouvelez la clé si vous voulez être seul à le connaître.`,
        { label: 'Voir la clé', url },
      ],
    }),
  },
  keyRevoked: {
    en: ({ name, url }: Letter): MailText => ({
      subject: `Your key ${name} was revoked`,
      body: [
        'Hello,',
        `An operator revoked your key ${name}. Requests with it are refused from now on. The reason is in your audit log.`,
        { label: 'See the reason', url },
      ],
    }),
    fr: ({ name, url }: Letter): MailText => ({
      subject: `Votre clé ${name} a été révoquée`,
      body: [
        'Bonjour,',
        `Un opérateur a révoqué votre clé ${name}. Les appels qui l’utilisent sont désormais refusés. Le motif figure dans votre journal d’audit.`,
        { label: 'Voir le motif', url },
      ],
    }),
  },
  webhookDisabled: {
    en: ({ name, url }: Letter): MailText => ({
      subject: `Your webhook endpoint was disabled`,
      body: [
        'Hello,',
        `Every delivery to ${name} failed for five days, so nothing more is sent to it. Fix the endpoint and re-enable it; queued events will be delivered.`,
        { label: 'Open the endpoint', url },
      ],
    }),
    fr: ({ name, url }: Letter): MailText => ({
      subject: `Votre endpoint webhook a été désactivé`,
      body: [
        'Bonjour,',
        `Tous les envois vers ${name} ont échoué pendant cinq jours ; plus rien ne lui est envoyé. Corrigez-le puis réactivez-le ; les événements en attente seront envoyés.`,
        { label: 'Ouvrir l’endpoint', url },
      ],
    }),
  },
  alertFired: {
    en: ({ name, url }: Letter): MailText => ({
      subject: `Alert: ${name}`,
      body: ['Hello,', name, { label: 'Since when, and what to do', url }],
    }),
    fr: ({ name, url }: Letter): MailText => ({
      subject: `Alerte : ${name}`,
      body: ['Bonjour,', name, { label: 'Depuis quand, et que faire', url }],
    }),
  },
  alertResolved: {
    en: ({ name, url }: Letter): MailText => ({
      subject: `Resolved: ${name}`,
      body: ['Hello,', `This alert is resolved: ${name}`, { label: 'See the alert', url }],
    }),
    fr: ({ name, url }: Letter): MailText => ({
      subject: `Résolue : ${name}`,
      body: ['Bonjour,', `Cette alerte est résolue : ${name}`, { label: 'Voir l’alerte', url }],
    }),
  },
  versionEnds: {
    en: ({ name, url, detail = '' }: Letter): MailText => ({
      subject: `Version ${name} ends on ${detail}`,
      body: [
        'Hello,',
        `Programs of yours still call version ${name}. It ends on ${detail} (UTC): from then on its calls get 410, and cost nothing.`,
        { label: 'See which keys call it', url },
      ],
    }),
    fr: ({ name, url, detail = '' }: Letter): MailText => ({
      subject: `La version ${name} prend fin le ${detail}`,
      body: [
        'Bonjour,',
        `Vos programmes appellent encore la version ${name}. Elle prend fin le ${detail} (UTC). Dès lors, ses appels reçoivent 410 et ne coûtent rien.`,
        { label: 'Voir les clés concernées', url },
      ],
    }),
  },
  keyLeaked: {
    en: ({ name, url }: Letter): MailText => ({
      subject: `Your key ${name} was found in public`,
      body: [
        'Hello,',
        `Your key ${name} was found in a public place. Requests with it are refused from now on. Roll it to get a new secret.`,
        { label: 'Roll the key', url },
      ],
    }),
    fr: ({ name, url }: Letter): MailText => ({
      subject: `Votre clé ${name} a été trouvée en public`,
      body: [
        'Bonjour,',
        `Votre clé ${name} a été trouvée dans un lieu public. Les appels qui l’utilisent sont désormais refusés. Renouvelez-la pour obtenir un nouveau secret.`,
        { label: 'Renouveler la clé', url },
      ],
    }),
  },
} as const satisfies Record<string, Record<MailLanguage, (letter: Letter) => MailText>>;
