// What a member may do. Pure.

export const ROLES = ['owner', 'developer', 'billing', 'viewer'] as const;
export type Role = (typeof ROLES)[number];

/** `read` everything, `develop` (apps, keys, sandbox), `pay` (plan, invoices), `own` (members, settings). */
export type Permission = 'read' | 'develop' | 'pay' | 'own';

const PERMISSIONS: Record<Role, readonly Permission[]> = {
  owner: ['read', 'develop', 'pay', 'own'],
  developer: ['read', 'develop'],
  billing: ['read', 'pay'],
  viewer: ['read'],
};

export const may = (role: Role, permission: Permission): boolean => PERMISSIONS[role].includes(permission);
