// What is public of addresses and names, by their own words: nobody is asked what a name resolves to. Pure.

import ipaddr from 'ipaddr.js';

/** Names that never leave a machine or a network, whatever they resolve to. */
const LOCAL_NAME =
  /(^|\.)(localhost|local|localdomain|internal|intranet|lan|home|corp|private|test|invalid|example|onion|arpa)$/;

/** IPv4 inside IPv6, in all its disguises: mapped, compatible, translated (NAT64), 6to4, Teredo. */
export function isPublicAddress(text: string): boolean {
  if (!ipaddr.isValid(text)) return false;
  const address = ipaddr.parse(text);
  if (address.kind() === 'ipv4') return address.range() === 'unicast';
  const v6 = address as ipaddr.IPv6;
  return v6.range() === 'unicast' && (v6.parts[0] ?? 0) >= 0x2000 && (v6.parts[0] ?? 0) < 0x4000;
}

/**
 * The host of a parsed URL, as names are compared: without brackets, without dots at its end. Its parser has made every
 * spelling of an address (octal, hexadecimal, one number, full-width digits) canonical.
 */
export const hostOf = (url: URL): string => url.hostname.replace(/^\[|\]$/g, '').replace(/\.+$/, '');

/** `host`: as `hostOf` gives it. */
export const isPublicHost = (host: string): boolean =>
  ipaddr.isValid(host) ? isPublicAddress(host) : host.includes('.') && !LOCAL_NAME.test(host);
