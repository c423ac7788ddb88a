// The guides a newcomer needs, in reading order.

import type { Child } from 'hono/jsx';
import type { Language } from '../../../web/format.ts';
import type { View } from '../../../web/view.ts';
import * as en from './guides.en.tsx';
import * as fr from './guides.fr.tsx';

export interface Guide {
  slug: string;
  title: Record<Language, string>;
  about: Record<Language, string>;
  body: Record<Language, (view: View) => Child>;
}

export const GUIDES: readonly Guide[] = [
  {
    slug: 'first-call',
    title: { en: 'First call', fr: 'Premier appel' },
    about: { en: 'from a key to an answer', fr: 'd’une clé à une réponse' },
    body: { en: en.FirstCall, fr: fr.FirstCall },
  },
  {
    slug: 'signing',
    title: { en: 'Signing requests', fr: 'Signer les requêtes' },
    about: { en: 'keys whose secret never travels', fr: 'des clés dont le secret ne voyage jamais' },
    body: { en: en.Signing, fr: fr.Signing },
  },
  {
    slug: 'limits',
    title: { en: 'Limits', fr: 'Limites' },
    about: { en: 'rates, quotas, and the headers that tell', fr: 'débits, quotas et en-têtes' },
    body: { en: en.Limits, fr: fr.Limits },
  },
  {
    slug: 'handling-errors',
    title: { en: 'Handling errors', fr: 'Traiter les erreurs' },
    about: { en: 'what to try again, and when', fr: 'que réessayer, et quand' },
    body: { en: en.Errors, fr: fr.Errors },
  },
  {
    slug: 'webhooks',
    title: { en: 'Webhooks', fr: 'Webhooks' },
    about: {
      en: 'how deliveries are signed and verified',
      fr: 'comment les livraisons sont signées et vérifiées',
    },
    body: { en: en.Webhooks, fr: fr.Webhooks },
  },
  {
    slug: 'going-live',
    title: { en: 'Going live', fr: 'Passer en production' },
    about: { en: 'what an operator looks at', fr: 'ce que regarde un opérateur' },
    body: { en: en.GoingLive, fr: fr.GoingLive },
  },
];
