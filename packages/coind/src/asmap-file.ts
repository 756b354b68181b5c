/** The file of -asmap, which says who announces an address, and how well it fits the addresses that are known. */
import { existsSync, readFileSync } from 'node:fs';
import { isAbsolute, join } from 'node:path';
import { type AddressManager, AsMap, AsMapError, networkClass } from '@coind/p2p';
import { ConfError, type Settings } from '@coind/rpc/conf';
import type { Log } from './log.ts';
import type { Scheduler } from './scheduler.ts';

const HEALTH_MS = 24 * 60 * 60_000;

/** The map in use; undefined for none. Throws {@link ConfError} with bitcoind's texts. */
export function openAsMap(
  settings: Settings,
  { directory, log }: { readonly directory: string | undefined; readonly log: Log },
): AsMap | undefined {
  const name = settings.isNegated('asmap') ? '0' : settings.text('asmap', '0');
  if (name === '0') {
    log.info('Using /16 prefix for IP bucketing');
    return undefined;
  }
  // Without a file bitcoind uses one that was built in; here there is none.
  if (name === '' || name === '1') throw new ConfError('Embedded asmap data not available');
  const path = isAbsolute(name) ? name : join(directory ?? '', name);
  if (!existsSync(path)) throw new ConfError(`Could not find asmap file "${path}"`);
  const bytes = new Uint8Array(readFileSync(path));
  log.info(`Opened asmap file "${path}" (${bytes.length} bytes) from disk`);
  try {
    const map = new AsMap(bytes);
    log.info(`Using asmap version ${map.version} for IP bucketing`);
    return map;
  } catch (error) {
    if (!(error instanceof AsMapError)) throw error;
    throw new ConfError(`Could not parse asmap file "${path}"`, { cause: error });
  }
}

/** Says now and every day how many operators the known addresses belong to. */
export function watchAsMap(
  addresses: AddressManager,
  { scheduler, log }: { readonly scheduler: Scheduler; readonly log: Log },
): void {
  const { asMap } = addresses;
  if (!asMap) return;
  const check = (): void => {
    const systems: number[] = [];
    for (const [{ address }] of addresses.all()) {
      const network = networkClass(address);
      if (network === 'ipv4' || network === 'ipv6') systems.push(asMap.systemOf(address));
    }
    const mapped = systems.filter((system) => system !== 0);
    log.info(
      `ASMap Health Check: ${systems.length} clearnet peers are mapped to ${new Set(mapped).size} ASNs with ${systems.length - mapped.length} peers being unmapped`,
    );
  };
  check();
  scheduler.every(() => HEALTH_MS, check);
}
