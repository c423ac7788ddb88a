// Addresses and CIDR ranges, IPv4 and IPv6, in their one usual form: what other readers would take for another address
// (`010.0.0.1`, `127.1`, `1`, a zone, IPv4 written as IPv6) is none.

import ipaddr from 'ipaddr.js';

function parse(text: string): ipaddr.IPv4 | ipaddr.IPv6 | undefined {
  if (ipaddr.IPv4.isValidFourPartDecimal(text)) return ipaddr.IPv4.parse(text);
  if (text.includes(':') && !text.includes('%') && ipaddr.IPv6.isValid(text)) return ipaddr.IPv6.parse(text);
  return undefined;
}

/** Whether `address` is in one of the ranges. IPv4 written as IPv6 counts as IPv4. What is no address is in none. */
export function isInRanges(address: string, ranges: readonly string[]): boolean {
  if (!parse(address)) return false;
  const parsed = ipaddr.process(address);
  return ranges.some((range) => {
    const [base, bits] = ipaddr.parseCIDR(
      range.includes('/') ? range : `${range}/${range.includes(':') ? 128 : 32}`,
    );
    return parsed.kind() === base.kind() && parsed.match(base, bits);
  });
}

/** Whether it holds more addresses than a range of these bits. */
export function isWider(range: string, { v4, v6 }: { v4: number; v6: number }): boolean {
  const [address = '', bits] = range.split('/');
  return bits !== undefined && Number(bits) < (address.includes(':') ? v6 : v4);
}

/** An address, or a range that begins with its own first address. IPv4 written as IPv6 would never be met: it is none. */
export function isRange(text: string): boolean {
  const [address = '', bits, more] = text.split('/');
  const parsed = parse(address);
  if (!parsed || more !== undefined || (parsed instanceof ipaddr.IPv6 && parsed.isIPv4MappedAddress()))
    return false;
  if (bits === undefined) return true;
  const width = parsed.kind() === 'ipv4' ? 32 : 128;
  if (!/^(0|[1-9]\d{0,2})$/.test(bits) || Number(bits) > width) return false;
  const reader = parsed.kind() === 'ipv4' ? ipaddr.IPv4 : ipaddr.IPv6;
  return reader.networkAddressFromCIDR(text).toString() === parsed.toString();
}
