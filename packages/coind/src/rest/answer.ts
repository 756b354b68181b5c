/** What an endpoint answers: the same thing in several forms, of which the request chooses one, and who may keep it. */
import { bytesToHex } from '@coind/primitives';
import { framed, type JsonText, type RestShapes, type View } from '@coind/rpc';
import type { NodeModules } from '../context.ts';
import type { PageReply } from '../http.ts';
import { RestError, type RestFormat, type RestRequest } from './request.ts';

/** What endpoints work with. */
export interface RestContext {
  readonly node: NodeModules;
  /** The RPC methods of the profile by name: REST shows results as they do. */
  readonly views: ReadonlyMap<string, View>;
  /** JSON that only REST has. */
  readonly shapes: RestShapes;
}

/** How long an answer may be kept by whoever is between: for a day, or not at all. */
export type Caching = 'immutable' | 'no-store';

/** An answer in every form it has; only the one that is asked for is made. */
export interface RestAnswer {
  readonly caching: Caching;
  /** Of the JSON, where that tells of the chain around it too. */
  readonly jsonCaching?: Caching;
  readonly bin?: () => Uint8Array | Promise<Uint8Array>;
  /** The bytes as hex unless it is something else. */
  readonly hex?: () => string;
  readonly json: () => JsonText | Promise<JsonText>;
}

/** Answers a request. Throws {@link RestError}. */
export type Endpoint = (
  context: RestContext,
  request: RestRequest,
) => RestAnswer | Promise<RestAnswer>;

const CACHE_CONTROL: Readonly<Record<Caching, string>> = {
  immutable: 'public, immutable, max-age=86400',
  'no-store': 'no-store',
};

const CONTENT_TYPE: Readonly<Record<RestFormat, string>> = {
  bin: 'application/octet-stream',
  hex: 'text/plain',
  json: 'application/json',
};

/** `answer` in the form that is asked for. Throws {@link RestError} when it has no such form. */
export async function render(
  answer: RestAnswer,
  format: RestFormat | undefined,
): Promise<PageReply> {
  const { bin, json } = answer;
  const reply = (body: PageReply['body'], caching = answer.caching): PageReply => ({
    status: 200,
    headers: ['Cache-Control', CACHE_CONTROL[caching], ...contentType(format ?? 'json')],
    body,
  });
  if (format === 'json') return reply(framed('', await json(), '\n'), answer.jsonCaching);
  if (format === 'bin' && bin) return reply(await bin());
  if (format === 'hex' && bin) return reply(`${answer.hex?.() ?? bytesToHex(await bin())}\n`);
  throw noSuchFormat(bin ? '.bin, .hex, .json' : 'json');
}

/** The refusal of a request whose ending is none of `available`. */
export function noSuchFormat(available = '.bin, .hex, .json'): RestError {
  return new RestError(404, `output format not found (available: ${available})`);
}

/** A refusal as it goes out. */
export function renderError({ status, message }: RestError): PageReply {
  const headers = ['Cache-Control', CACHE_CONTROL['no-store'], ...contentType('hex')];
  return { status, headers, body: `${message}\r\n` };
}

function contentType(format: RestFormat): readonly string[] {
  return ['Content-Type', CONTENT_TYPE[format]];
}

/** The result of an RPC method as the profile shows it. */
export function shown({ views }: RestContext, method: string, result: unknown): string {
  const view = views.get(method);
  if (!view) throw new TypeError(`no method ${method} in this profile`);
  return view.result.encode(result);
}
