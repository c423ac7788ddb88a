// The version of dated APIs that a key or an app is pinned to.

import * as z from 'zod';
import { apiVersionDay } from '../../http/fields.ts';
import { Select } from '../../web/components/form.tsx';
import { useView } from '../../web/view-context.ts';

/** Empty: not pinned. Left out where no API has dates: as it was. */
export const pinField = z
  .union([z.literal(''), apiVersionDay])
  .optional()
  .transform((date) => (date === '' ? null : date));

/** `pins`: all dates, newest first; none where no API has any. */
export const PinField = ({ pins, pin }: { pins: readonly string[]; pin: string | null }) => {
  const { versions } = useView().m;
  if (pins.length === 0 && pin === null) return null;
  // Whoever came between two dates has that of their day.
  const options = pin === null || pins.includes(pin) ? pins : [pin, ...pins];
  return (
    <Select
      name="api_version"
      label={versions.pin}
      hint={versions.pinHint}
      options={[['', versions.unpinned], ...options.map((date) => [date, date] as const)]}
    />
  );
};
