/**
 * The REST interface (`-rest`): which endpoint serves which path. Anybody who may connect may ask; the verb
 * and credentials are not looked at. Paths, texts and statuses are bitcoind's.
 */
import { type Era, type Profile, restShapes, viewsOf } from '@coind/rpc';
import type { NodeModules } from '../context.ts';
import type { Page } from '../http.ts';
import { type Endpoint, type RestContext, render, renderError } from './answer.ts';
import {
  block,
  blockHashByHeight,
  blockNoTxDetails,
  blockPart,
  headers,
  spentTxOuts,
} from './blocks.ts';
import { blockFilter, blockFilterHeaders } from './filters.ts';
import { chainInfo, deploymentInfo, mempool } from './node-state.ts';
import { RestError, readRequest } from './request.ts';
import { transaction, unspentOutputs } from './transactions.ts';

/** The first prefix that fits counts; those without a slash at the end take whatever follows. */
const endpoints: readonly (readonly [prefix: string, endpoint: Endpoint])[] = [
  ['/rest/tx/', transaction],
  ['/rest/block/notxdetails/', blockNoTxDetails],
  ['/rest/block/', block],
  ['/rest/blockpart/', blockPart],
  ['/rest/blockfilter/', blockFilter],
  ['/rest/blockfilterheaders/', blockFilterHeaders],
  ['/rest/chaininfo', chainInfo],
  ['/rest/mempool/', mempool],
  ['/rest/headers/', headers],
  ['/rest/getutxos', unspentOutputs],
  ['/rest/deploymentinfo/', deploymentInfo],
  ['/rest/deploymentinfo', deploymentInfo],
  ['/rest/blockhashbyheight/', blockHashByHeight],
  ['/rest/spenttxouts/', spentTxOuts],
];

/** What the interface shows, and how. */
export interface RestSettings {
  readonly profile: Profile;
  readonly era: Era;
}

/** What it asks. */
export interface RestModules {
  /** What is being loaded; undefined when the node is there. */
  readonly loading: () => string | undefined;
  /** Asked once nothing is being loaded any more. */
  readonly node: () => NodeModules;
  /** Told of errors that are no refusal: our bugs and failing disks. */
  readonly onError: (error: unknown, url: string) => void;
}

/** Finds the page for a URL; undefined when it is none of REST's. */
export function createRest(
  { profile, era }: RestSettings,
  { loading, node, onError }: RestModules,
): (url: string) => Page | undefined {
  const views = viewsOf(profile, era);
  const shapes = restShapes(profile);

  return (url) => {
    const found = endpoints.find(([prefix]) => url.startsWith(prefix));
    if (!found) return undefined;
    const [prefix, endpoint] = found;
    return async (body) => {
      try {
        const status = loading();
        if (status !== undefined) {
          throw new RestError(503, `Service temporarily unavailable: ${status}`);
        }
        const context: RestContext = { node: node(), views, shapes };
        const request = readRequest(url.slice(prefix.length), body);
        return await render(await endpoint(context, request), request.format);
      } catch (error) {
        if (error instanceof RestError) return renderError(error);
        onError(error, url);
        const message = error instanceof Error ? error.message : String(error);
        return renderError(new RestError(500, message));
      }
    };
  };
}
