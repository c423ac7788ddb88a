// What pages say of programs that act for people, in French.

import type { grantsEn } from './grants.en.ts';

export const grantsFr: typeof grantsEn = {
  title: 'Programmes',
  text: 'Des programmes et agents qui appellent les API en votre nom, par OAuth. Chacun a ses autorisations, sa fin et son budget ; mettez-y fin, et ses jetons sont refusés en une seconde au plus.',
  empty: 'Vous n’avez autorisé aucun programme.',
  emptyText: 'Quand un programme vous le demande, vous décidez ici de ce qu’il peut faire.',
  program: 'Programme',
  end: 'Mettre fin',
  endTitle: (name) => `Mettre fin à ${name} ?`,
  endText: 'Ses jetons sont refusés partout en une seconde au plus. Il peut vous le redemander.',
  ended: 'Programme terminé. Ses jetons sont refusés partout en une seconde au plus.',
  all: 'Programmes que vous avez autorisés',
  asks: (name) => `${name} demande à appeler les API pour vous`,
  asksText: (partner) =>
    `Ses appels comptent dans les limites de ${partner} et sur sa facture. Vous pouvez y mettre fin à tout moment.`,
  describes: 'Se décrit à l’adresse',
  own: 'Un de vos clients OAuth',
  unverified: 'Personne ici n’a vérifié qui il est : regardez l’adresse.',
  answers: 'Vous serez renvoyé vers',
  thisMachine: 'un programme sur cette machine',
  where: 'Il peut appeler',
  everywhere: 'toutes les API d’ici',
  for: 'Pour',
  app: 'Application',
  noApp: 'Créez d’abord une application : ce que fait un programme est compté avec une application.',
  environment: 'Avec',
  environments: { live: 'les données de production', test: 'des données de test seulement' },
  scopes: 'Il peut',
  budget: 'Budget du programme',
  budgetHint: 'Ce qu’il peut dépenser au plus jusqu’à sa fin. Laissez vide pour n’avoir que vos limites.',
  ends: 'Jusqu’à',
  days: { '1': 'dans un jour', '7': 'dans une semaine', '30': 'dans 30 jours', '90': 'dans 90 jours' },
  limits: 'Limites',
  limitsText: (second, day, month) =>
    `${second} par seconde, ${day} par jour, ${month} par mois, avec toutes vos clés.`,
  none: 'sans limite',
  allow: 'Autoriser',
  refuse: 'Refuser',
  onward: (name) => `Retour à ${name}`,
  onwardText: 'Si rien ne se passe, continuez.',
  continue: 'Continuer',
  wronglyAsked: (name, why) => `${name} n’a pas demandé comme il faut : ${why}.`,
  problemTitle: 'Cette demande ne peut pas recevoir de réponse',
  problems: {
    malformed: 'L’adresse est trop longue, ou dit deux fois la même chose. Recommencez dans le programme.',
    not_an_address:
      'Le programme dit qui il est par ce qui n’est ni une adresse ni un de vos clients. Recommencez dans le programme.',
    refused_address: 'Le programme se décrit à une adresse qui n’est pas publique.',
    unreachable: 'Le programme se décrit à une adresse qui ne répond pas, ou qui nous envoie ailleurs.',
    too_large: 'Le programme se décrit trop longuement, ou trop lentement.',
    not_its_own: 'Ce que le programme dit de lui-même est illisible, ou concerne un autre.',
    not_for_people:
      'Ce client OAuth n’est pas de l’espace où vous êtes, n’a pas d’URI de redirection, ou ne fonctionne pas.',
    redirect_refused:
      'Le programme demande de vous renvoyer vers une adresse qui n’est pas une des siennes. C’est peut-être une attaque : recommencez dans le programme.',
  },
};
