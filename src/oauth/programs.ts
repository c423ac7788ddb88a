// Who a program is that asks a person: one that describes itself at an address, or an OAuth client of the person's own partner
// that may be sent back somewhere.

import { AppError } from '../core/errors.ts';
import { isClientId } from '../keys/key-format.ts';
import type { KeyService } from '../keys/key-service.ts';
import type { ClientDocuments, Program, Unreadable } from './client-document.ts';

export type Unknown = Unreadable | 'not_for_people';

export function createPrograms(documents: ClientDocuments, keys: Pick<KeyService, 'get'>) {
  return async function programOf(clientId: string, partnerId: string): Promise<Program | Unknown> {
    if (!isClientId(clientId)) return documents(clientId);
    const key = await keys.get(partnerId, clientId).catch((error) => {
      if (error instanceof AppError && error.code === 'not_found') return undefined;
      throw error;
    });
    if (!key) return 'not_for_people';
    const { name, state, client, scopes, environment } = key;
    const redirectUris = client?.redirect_uris ?? [];
    return state === 'active' && redirectUris.length > 0
      ? { clientId, name, redirectUris, most: { scopes, environment } }
      : 'not_for_people';
  };
}

export type Programs = ReturnType<typeof createPrograms>;
