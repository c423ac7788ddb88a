// By which address a caller is counted, wherever addresses are: one person has a whole /64 of IPv6.

import ipaddr from 'ipaddr.js';

/** Of your own machine: nobody else is there to be held off. Cloudflare has no callers of that kind. */
export const isLocal = (ip: string): boolean => ip === '' || ip === '::1' || ip.startsWith('127.');

/** IPv4 as it is, also when it is written as IPv6; of IPv6 its /64. What is no address counts as one. */
export function countedAddress(ip: string | null): string {
  if (ip === null || ip === '') return 'unknown';
  if (!ip.includes(':')) return ip;
  if (!ipaddr.isValid(ip)) return 'unknown';
  const address = ipaddr.process(ip);
  if (address.kind() === 'ipv4') return address.toString();
  return `${ipaddr.IPv6.networkAddressFromCIDR(`${ip.split('%', 1)[0]}/64`).toNormalizedString()}/64`;
}
