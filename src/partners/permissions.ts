// What a member may do. Pure.

export const ROLES = ['owner', 'developer', 'billing', 'viewer'] as const;
export type Role = (typeof ROLES)[number];

/**
 * `read` everything, `develop` (apps, keys, sandbox), `pay` (where invoices go), `subscribe` (plan, currency, what is beyond
 * the quota), `own` (members, settings).
 */
export type Permission = 'read' | 'develop' | 'pay' | 'subscribe' | 'own';

const PERMISSIONS: Record<Role, readonly Permission[]> = {
  owner: ['read', 'develop', 'pay', 'subscribe', 'own'],
  developer: ['read', 'develop'],
  billing: ['read', 'pay', 'subscribe'],
  viewer: ['read'],
};

/** Members of a suspended partner see, download and pay what there is, and end what must end. They make nothing new. */
const WHILE_SUSPENDED: readonly Permission[] = ['read', 'pay'];

export const permissionsOf = (role: Role): readonly Permission[] => PERMISSIONS[role];

/** As far as a workspace says what its member may do. */
export interface Standing {
  role: Role;
  partner: { status: string };
  /** What a token may do at most. */
  only?: readonly string[];
}

/** Why this may not be done. `isEnding`: it takes away, and gives nothing. */
export function refusalOf(
  { role, partner, only }: Standing,
  permission: Permission,
  isEnding = false,
): 'forbidden' | 'partner_suspended' | undefined {
  if (!PERMISSIONS[role].includes(permission)) return 'forbidden';
  if (only && !only.includes(permission)) return 'forbidden';
  if (partner.status !== 'suspended' || isEnding || WHILE_SUSPENDED.includes(permission)) return undefined;
  return 'partner_suspended';
}

export const may = (standing: Standing, permission: Permission): boolean =>
  refusalOf(standing, permission) === undefined;

/** Of a request, whether it only takes away: a leaked key or a member who left must end whatever else is refused. */
export const isEnding = (method: string, path: string): boolean =>
  method === 'DELETE' || /\/(?:revoke|remove|archive|withdraw)$/.test(path);
