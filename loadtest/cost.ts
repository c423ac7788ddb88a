// `npm run cost`: dollars for a million calls of the offered API, from counted operations of the real Worker and Cloudflare's
// public prices (cost/prices.ts), under loads that differ in how often a key is called (cost/loads.ts). CPU is measured on
// workerd itself, in the same run; `CPU_MICROS=420` takes it as known. `-- --json` prints one object. Some six minutes.

import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { startGenerator, startUpstream } from './bench/rounds.ts';
import { type CpuMicros, measureCpu } from './cost/cpu-per-call.ts';
import { countLoads, LOADS, type LoadName } from './cost/loads.ts';
import { type Bill, billOf, type PerCall, PLAIN } from './cost/prices.ts';

const PATH = '/v2/stops/x/departures';
/** Dollars for a million calls. */
const MOST: Partial<Record<LoadName, number>> = { hot: 0.36, warm: 0.8, cold: 3.5 };

const isJson = process.argv.includes('--json');
const say = (line: string): void => {
  if (!isJson) console.log(line);
};

/** Whether Workers Logs writes a line of each invocation, which it does unless it is told not to. */
const toml = readFileSync(fileURLToPath(new URL('../wrangler.toml', import.meta.url).href), 'utf8');
const writesInvocations = !/^invocation_logs = false$/m.test(toml);

function priced(perCall: PerCall, cpuMicros: number): Bill {
  const { invocationLines, ...counted } = perCall;
  return billOf({
    ...counted,
    cpuMs: cpuMicros / 1000,
    ...(writesInvocations && { invocationLines }),
  });
}

function show(name: string, { dollars, lines }: Bill): void {
  say(`\n  ${name.padEnd(10)} $${dollars.toFixed(3)} for a million calls`);
  for (const [operation, { perCall, dollars: part }] of Object.entries(lines))
    if (part > 0)
      say(`    ${operation.padEnd(18)} ${perCall.toFixed(4).padStart(9)} a call   $${part.toFixed(4)}`);
}

const upstream = await startUpstream();
const generator = startGenerator();
try {
  const known = Number(process.env.CPU_MICROS);
  const cpuMicros: CpuMicros =
    known > 0 ? { lent: known, asked: known } : await measureCpu(upstream.origin, PATH, generator);
  say(
    `CPU of a call, µs: ${cpuMicros.lent} where it is counted in the isolate, ${cpuMicros.asked} where not`,
  );
  const counted = await countLoads(upstream.origin, PATH, say);
  const bills = [...counted].map(([name, { perCall, behind }]) => {
    const bill = priced(perCall, name === 'hot' ? cpuMicros.lent : cpuMicros.asked);
    return { name, ...bill, behind, isOver: bill.dollars > (MOST[name] ?? Number.POSITIVE_INFINITY) };
  });
  const plain = billOf(PLAIN);
  for (const bill of bills) show(bill.name, bill);
  show('plain', plain);
  const missed = bills.filter(({ isOver }) => isOver).map(({ name }) => name);
  say(
    `\n  ${missed.length === 0 ? 'All are within their targets.' : `Over their targets: ${missed.join(', ')}`}`,
  );
  if (isJson)
    console.log(
      JSON.stringify({
        ...Object.fromEntries(bills.map(({ name, dollars }) => [name, dollars])),
        plain: plain.dollars,
        most: MOST,
        missed,
        cpuMicros,
        writesInvocations,
        breakdown: Object.fromEntries(
          bills.map(({ name, lines, behind }) => [name, { load: LOADS[name], lines, behind }]),
        ),
      }),
    );
  process.exitCode = missed.length === 0 ? 0 : 1;
} finally {
  generator.stop();
  upstream.stop();
}
process.exit();
