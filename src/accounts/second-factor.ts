// Whether an issuer says that a second factor was used: `amr` (RFC 8176) or `acr`. Says nothing of what it leaves out. Pure.

const KNOWN = new Set(['pwd', 'pin', 'kba']);
const HELD = new Set(['otp', 'hwk', 'swk', 'sc', 'sms', 'tel']);
/** Levels that mean more than one factor: OpenID EAP ACR Values 1.0, PAPE, REFEDS. */
const LEVELS = new Set([
  'phr',
  'phrh',
  'http://schemas.openid.net/pape/policies/2007/06/multi-factor',
  'https://refeds.org/profile/mfa',
]);

export function saysSecondFactor({ amr, acr }: Record<string, unknown>): boolean {
  if (typeof acr === 'string' && LEVELS.has(acr)) return true;
  if (!Array.isArray(amr)) return false;
  return (
    amr.includes('mfa') || (amr.some((method) => KNOWN.has(method)) && amr.some((method) => HELD.has(method)))
  );
}
