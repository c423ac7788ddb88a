// What the pages of one's own account say, in French.

import type { accountEn } from './account.en.ts';

export const accountFr: typeof accountEn = {
  factorDuty: {
    title: 'Authentification à deux facteurs pour tous',
    text: 'Demander un second facteur à tous les membres de votre organisation.',
    yours: 'Activer d’abord le vôtre',
    yoursFirst:
      'Activez d’abord l’authentification à deux facteurs pour vous-même, et connectez-vous avec elle.',
    onTitle: 'Demander un second facteur à tous les membres ?',
    onText: (without: number) =>
      without === 0
        ? 'Tous les membres en ont déjà un. Les prochains devront d’abord l’activer.'
        : `${without} ${without === 1 ? 'membre n’en a' : 'membres n’en ont'} pas encore. Nous leur envoyons un e-mail ; tant qu’ils ne l’ont pas activé, ils ne peuvent rien faire ici, ni par les pages ni par programme. Les clés continuent de fonctionner.`,
    offTitle: 'Ne plus demander de second facteur ?',
    offText: 'Un mot de passe suffira de nouveau aux membres qui désactivent le leur.',
    missing: (without: number) =>
      without === 1 ? '1 membre ne l’a pas encore activé.' : `${without} membres ne l’ont pas encore activé.`,
  },
  tokens: {
    title: 'Jetons d’API',
    none: 'Aucun. Avec un jeton, vos programmes font par l’API ce que vous faites ici.',
    create: 'Créer un jeton',
    text: (partner: string) =>
      `Il agit en votre nom, pour ${partner} seulement, et jamais au-delà de votre rôle.`,
    name: 'Nom',
    nameHint: 'À quoi il sert : intégration continue, script.',
    permissions: 'Il peut',
    permissionsHint: 'La lecture est toujours comprise.',
    may: {
      read: 'lire',
      develop: 'gérer les applications, les clés, les webhooks et le bac à sable',
      pay: 'modifier les coordonnées de facturation',
      subscribe: 'changer de forfait',
      own: 'gérer les membres et l’accès à la production',
    },
    lastUsed: 'Dernière utilisation',
    ends: 'Expire',
    ended: 'expiré',
    days: (days: number) => (days === 365 ? 'dans un an' : `dans ${days} jours`),
    revoke: 'Révoquer',
    revokeTitle: (name: string) => `Révoquer ${name} ?`,
    revokeText: 'Les programmes qui l’utilisent sont refusés dès leur prochain appel.',
    made: 'Votre jeton',
    once: 'Copiez-le maintenant : il ne sera plus affiché. Qui le détient agit en votre nom.',
    madeBefore:
      'Ce formulaire a déjà été envoyé, et le jeton affiché à ce moment-là. Perdu ? Révoquez-le et créez-en un autre.',
  },
  mails: {
    title: 'E-mails',
    about: (partner) => `Ce que vous recevez au sujet de ${partner}. Chaque membre choisit pour lui-même.`,
    kinds: {
      usage: 'Alertes d’utilisation',
      keys: 'Clés modifiées par nos opérateurs',
      webhooks: 'Endpoints webhook en échec',
      reminders: 'Rappels de factures',
    },
    hints: {
      usage:
        'Aux propriétaires : erreurs, lenteurs et quotas, à l’ouverture d’une alerte et à sa résolution.',
      keys: 'Aux propriétaires : un opérateur a créé ou révoqué une clé.',
      webhooks: 'Aux propriétaires : un endpoint échoue, ou a été désactivé.',
      reminders: 'Aux propriétaires et à la facturation : une facture est en retard.',
    },
    always:
      'Toujours envoyés : connexion et sécurité, clés divulguées ou détournées, membres, accès à la production et suspension, forfaits et prix, factures et avoirs.',
    stopTitle: 'Ne plus recevoir ces e-mails ?',
    stopText: (partner) =>
      `Vous les recevez en tant que membre de ${partner}. Les autres e-mails continuent.`,
    stop: 'Ne plus recevoir ces e-mails',
    stoppedTitle: 'Ces e-mails sont arrêtés',
    stopped: (partner) => `Vous ne recevez plus ces e-mails au sujet de ${partner}.`,
    resume: 'Les recevoir de nouveau',
    resumedTitle: 'Vous recevez de nouveau ces e-mails',
    resumed: (partner) => `Nous vous écrivons de nouveau au sujet de ${partner}.`,
    settings: 'Tous vos e-mails',
    goneTitle: 'Ce lien ne fonctionne pas',
    gone: 'Il est incomplet ou modifié, ou vous n’êtes plus membre. Vous choisissez vos e-mails dans vos paramètres.',
  },
  deletion: {
    title: 'Supprimer votre compte',
    text: 'Vos sessions, vos accès aux organisations et vos données personnelles sont supprimés immédiatement, sans retour possible.',
    stays:
      'Les factures et les entrées d’audit que la loi nous demande de conserver restent, sans votre nom.',
    submit: 'Supprimer mon compte',
    owned: (names: string) =>
      `Vous êtes seul propriétaire de ${names} : nommez d’abord un autre propriétaire, ou demandez-nous de le clôturer.`,
    doneTitle: 'Votre compte est supprimé',
    done: 'Un e-mail de confirmation vous a été envoyé. Merci d’avoir été des nôtres.',
  },
  address: {
    change: 'Changer d’adresse e-mail',
    to: 'Nouvelle adresse e-mail',
    text: 'Nous envoyons un lien à la nouvelle adresse. Rien ne change avant que vous l’ouvriez.',
    ends: 'Une fois l’adresse confirmée, vos autres sessions sont fermées, et l’ancienne adresse reçoit de quoi annuler pendant 72 heures.',
    send: 'Envoyer le lien',
    same: 'C’est déjà votre adresse',
    waiting: (email: string) => `En attente du lien envoyé à ${email}`,
    cancel: 'Annuler le changement',
    title: 'Utiliser cette adresse ?',
    confirm: 'Utiliser cette adresse',
    from: (email: string) => `Votre compte utilise actuellement ${email}.`,
    signIn: 'Connectez-vous d’abord à votre compte : le lien ne fonctionne que là.',
    other: (email: string) => `Session ouverte en tant que ${email}. Ce lien est destiné à un autre compte.`,
    goneTitle: 'Ce lien n’est plus valable',
    gone: 'Il a été utilisé ou annulé, ou il est trop ancien. Vous pouvez en demander un autre dans vos paramètres.',
    undoTitle: 'Récupérer votre compte ?',
    undoText: (from: string, to: string) => `Le compte utilisera de nouveau ${to} au lieu de ${from}.`,
    undoEnds:
      'Toutes ses sessions seront fermées, ses jetons d’API révoqués et son mot de passe supprimé : vous en choisirez aussitôt un autre.',
    undo: 'Récupérer le compte',
  },
};
