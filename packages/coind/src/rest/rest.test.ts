import { eraOf } from '@coind/rpc';
import { expect, test } from 'vitest';
import type { NodeModules } from '../context.ts';
import { createRest } from './rest.ts';

const NOTHING = new Uint8Array(0);
const era = eraOf({ compat: undefined, deprecated: [], choosesAddressType: false });

function restOf(loading: string | undefined, node: () => NodeModules) {
  const failures: string[] = [];
  const onError = (error: unknown, url: string) =>
    void failures.push(`${url}: ${(error as Error).message}`);
  const route = createRest({ profile: 'coind', era }, { loading: () => loading, node, onError });
  return { route, failures };
}

test('says what is being loaded, whatever was asked', async () => {
  const { route } = restOf('Loading block index…', () => {
    throw new Error('not there yet');
  });
  expect(await route('/rest/block/xyz')?.(NOTHING)).toEqual({
    status: 503,
    headers: ['Cache-Control', 'no-store', 'Content-Type', 'text/plain'],
    body: 'Service temporarily unavailable: Loading block index…\r\n',
  });
});

test('knows its paths by their beginning, and no others', () => {
  const { route } = restOf(undefined, () => ({}) as NodeModules);
  for (const url of ['/rest/chaininfoo.json', '/rest/getutxos', '/rest/tx/', '/rest/headers/x']) {
    expect(route(url), url).toBeDefined();
  }
  for (const url of ['/rest/', '/rest/tx', '/rest/CHAININFO.json', '/rest/../tx/', '/rests', '/']) {
    expect(route(url), url).toBeUndefined();
  }
});

test('a bug of ours is told to the log, and answered', async () => {
  const { route, failures } = restOf(undefined, () => {
    throw new Error('a bug');
  });
  expect(await route('/rest/chaininfo.json')?.(NOTHING)).toMatchObject({
    status: 500,
    body: 'a bug\r\n',
  });
  expect(failures).toEqual(['/rest/chaininfo.json: a bug']);
});
