// Allow-lists of addresses and CIDR ranges, IPv4 and IPv6.

import ipaddr from 'ipaddr.js';

/** Whether `address` is in one of the ranges. IPv4 written as IPv6 counts as IPv4. What is no address is in none. */
export function isInRanges(address: string, ranges: readonly string[]): boolean {
  if (!ipaddr.isValid(address)) return false;
  const parsed = ipaddr.process(address);
  return ranges.some((range) => {
    const [base, bits] = ipaddr.parseCIDR(
      range.includes('/') ? range : `${range}/${range.includes(':') ? 128 : 32}`,
    );
    return parsed.kind() === base.kind() && parsed.match(base, bits);
  });
}

export const isRange = (text: string): boolean => ipaddr.isValid(text) || ipaddr.isValidCIDR(text);
