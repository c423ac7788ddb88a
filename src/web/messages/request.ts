// What a request's page calls the columns of a usage event (src/usage/event-columns.ts), in both languages.

import type { ShownAlone } from '../../usage/event-columns.ts';
import type { Language } from '../format.ts';

/** Those that the page says in another way: in its title, its timing or its hints. */
type Elsewhere =
  | 'request_id'
  | 'app_id'
  | 'environment'
  | 'method'
  | 'endpoint'
  | 'latency_ms'
  | 'upstream_ms'
  | 'degraded'
  | 'country'
  | 'query'
  | 'failure'
  | 'basis'
  | 'error_body'
  | 'timings';
export type RequestFact = Exclude<keyof ShownAlone, Elsewhere>;

export const requestFacts: Record<Language, Record<RequestFact, string>> = {
  en: {
    occurred_at: 'When',
    status_code: 'Status',
    error: 'Error',
    key_id: 'Key',
    route: 'Route',
    units: 'Units counted',
    remaining: 'Remaining after it',
    bytes_in: 'Sent',
    bytes_out: 'Received',
    cache_hit: 'From cache',
    ip: 'From',
    user_agent: 'User agent',
    api_version: 'API version',
    via: 'Came as',
  },
  fr: {
    occurred_at: 'Quand',
    status_code: 'Statut',
    error: 'Erreur',
    key_id: 'Clé',
    route: 'Route',
    units: 'Unités comptées',
    remaining: 'Restant après l’appel',
    bytes_in: 'Envoyé',
    bytes_out: 'Reçu',
    cache_hit: 'Servie par le cache',
    ip: 'Depuis',
    user_agent: 'User-Agent',
    api_version: 'Version de l’API',
    via: 'Arrivée par',
  },
};
