/**
 * What a method table says about a method, and the types derived from it: the arguments and results
 * of handlers and of clients. The tables themselves are in methods/, one per category.
 */
import { type Codec, isOptional } from './codec.ts';
import type { ValueOf } from './codec-shapes.ts';
import { type Era, REFERENCE_ERA, type Release } from './era.ts';
import type { Style } from './error.ts';
import type { Pages } from './pages.ts';

/**
 * Whose interface is served: `coind` both families side by side, `core` exactly modern bitcoind,
 * `legacy` 0.16's shapes and texts.
 */
export type Profile = 'coind' | 'core' | 'legacy';

/** bitcoind's groups of methods; help lists them by these, `hidden` ones only by name. */
export type Category =
  | 'blockchain'
  | 'control'
  | 'generating'
  | 'hidden'
  | 'mining'
  | 'network'
  | 'rawtransactions'
  | 'util'
  | 'wallet'
  | 'zmq';

/** Parameters in order; aliases of one stand behind it: `'verbosity|verbose'`. */
export type Params = Readonly<Record<string, Codec<unknown>>>;

/** What a profile sees differently. Handlers never know: they get the same arguments. */
export interface Variant<Result = unknown> {
  /** The whole parameter list; `into(target, …)` names the argument a renamed one becomes. */
  readonly params?: Params;
  readonly result?: Codec<Result>;
  readonly usage?: string;
  readonly category?: Category;
  /** Arguments of the handler that this profile sets for its callers. */
  readonly fixed?: Readonly<Record<string, unknown>>;
  /** Parameters whose JSON types are looked at before anything is read (0.16's `Expected type…`). */
  readonly checked?: readonly string[];
  /** The text that answers every call and is the help: the method is gone from this profile. */
  readonly replacedBy?: string | undefined;
  /** Refuses combinations of arguments that only this profile refuses, by throwing. */
  refuse?(args: Readonly<Record<string, unknown>>): void;
}

/** One method: everything but what it does. */
export interface Method<P extends Params = Params, Result = unknown, Legacy = unknown> {
  readonly category: Category;
  readonly about: string;
  readonly params: P;
  readonly result: Codec<Result>;
  /** Where it exists; everywhere unless said. */
  readonly profiles?: readonly Profile[];
  /** The releases of the legacy family that have it, all unless said; none: it was gone by 0.16. */
  readonly releases?: readonly Release[];
  /** Switched off in a release unless -deprecatedrpc allows it: by which word, and what is said. */
  readonly deprecated?: Deprecation;
  /** The first line of help, when it cannot be made from the parameters. */
  readonly usage?: string;
  readonly examples?: readonly string[];
  readonly core?: Variant<unknown>;
  /** 0.16, and the other releases but for what the next two say. */
  readonly legacy?: Variant<Legacy>;
  /** What -compat=legacy has of the releases before 0.16. */
  readonly early?: Variant;
  /** 0.17 without what -deprecatedrpc brings back: labels in the place of accounts. */
  readonly labels?: Variant & { /** The word that brings it back. */ readonly unless?: string };
}

/** A method that some releases, or bitcoind today, serve only to those who ask for it. */
export interface Deprecation {
  readonly release: Release | 'core' | readonly Release[];
  /** What -deprecatedrpc is given to have it. */
  readonly word: string;
  /** What a call is refused with (-32) otherwise. */
  readonly text: string;
  /** Whether that comes before the number of arguments is looked at. */
  readonly first?: boolean;
}

/** Writes down a method; only fixes the types. */
export function method<P extends Params, Result, Legacy = unknown>(
  spec: Method<P, Result, Legacy>,
): Method<P, Result, Legacy> {
  return spec;
}

/** Methods by name. */
export type MethodTable = Readonly<Record<string, Method>>;

type TargetName<Key, C> = C extends { readonly target: infer Target extends string }
  ? Target
  : FirstName<Key>;

type FirstName<Key> = Key extends `${infer Name}|${string}` ? Name : Key;

type Argument<C> = C extends { readonly optional: true; readonly default: infer Default }
  ? ValueOf<C> | Default
  : ValueOf<C>;

/** What a handler gets: one member per parameter, under its first name. */
export type ArgsOf<M> = M extends { readonly params: infer P }
  ? { readonly [K in keyof P as TargetName<K, P[K]>]: Argument<P[K]> }
  : never;

type Leavable<P> = {
  [K in keyof P]: P[K] extends { readonly optional: true } ? K : never;
}[keyof P];

/** What a client passes: as {@link ArgsOf}, optional ones may be left out. */
export type NamedArgs<M> = M extends { readonly params: infer P }
  ? { readonly [K in Exclude<keyof P, Leavable<P>> as TargetName<K, P[K]>]: ValueOf<P[K]> } & {
      readonly [K in Leavable<P> as TargetName<K, P[K]>]?: ValueOf<P[K]> | undefined;
    }
  : never;

/** What a client gets. */
export type ResultOf<M> = M extends Method<infer _P, infer Result, infer _L> ? Result : never;

/** What a handler returns: enough for every profile's shape; each shows its part of it. */
export type HandlerResult<M> =
  M extends Method<infer _P, infer Result, infer Legacy>
    ? unknown extends Legacy
      ? Result
      : Result & Legacy
    : never;

/** What a handler may answer with: a result, or a list page by page. */
type Answer<Result> = Result | (Result extends readonly (infer T)[] ? Pages<T> : never);

/** One function per method of a table; a missing or mistyped one does not compile. */
export type Handlers<Table, Context> = {
  readonly [K in keyof Table]: (
    context: Context,
    args: ArgsOf<Table[K]>,
  ) => Answer<HandlerResult<Table[K]>> | Promise<Answer<HandlerResult<Table[K]>>>;
};

/** True when `profile` has the method; in the legacy family, when the era's release has it. */
export function isIn(profile: Profile, spec: Method, { release }: Era = REFERENCE_ERA): boolean {
  if (spec.profiles !== undefined && !spec.profiles.includes(profile)) return false;
  if (profile !== 'legacy' || spec.releases === undefined) return true;
  return release === 'early' || spec.releases.includes(release);
}

/** Whose texts a method's refusals use: beside modern ones, account methods keep 0.16's. */
export function styleOf(profile: Profile, spec: Method): Style {
  if (profile !== 'coind') return profile;
  return isIn('core', spec) ? 'core' : 'legacy';
}

/** A method as one profile sees it. */
export interface View {
  readonly name: string;
  readonly spec: Method;
  readonly style: Style;
  readonly category: Category;
  readonly params: readonly Param[];
  readonly required: number;
  readonly result: Codec<unknown>;
  readonly usage: string | undefined;
  readonly checked: readonly string[];
  readonly replacedBy: string | undefined;
  /** Refuses every call: the method waits for a -deprecatedrpc. */
  readonly deprecated: Deprecation | undefined;
  /** What the handler gets for arguments this profile does not know. */
  readonly defaults: Readonly<Record<string, unknown>>;
  refuse(args: Readonly<Record<string, unknown>>): void;
}

/** One parameter of a {@link View}. */
export interface Param {
  readonly name: string;
  readonly aliases: readonly string[];
  readonly codec: Codec<unknown>;
  /** The member of the handler's arguments it becomes. */
  readonly target: string;
  readonly optional: boolean;
  /** False for one that can only be given by name. */
  readonly positional: boolean;
}

/** What `profile` sees differently of `spec`. */
function variantOf(spec: Method, profile: Profile, { release, allowed }: Era): Variant {
  if (profile === 'coind') return {};
  if (profile === 'core') return spec.core ?? {};
  if (release === 'early') return { ...spec.legacy, ...spec.early };
  return release === '0.17' && !allowed.has(spec.labels?.unless ?? 'accounts')
    ? { ...spec.legacy, ...spec.labels }
    : { ...spec.legacy };
}

function refusalOf(
  { deprecated }: Method,
  profile: Profile,
  { release, allowed }: Era,
): Deprecation | undefined {
  const served = profile === 'legacy' ? release : profile;
  if (!deprecated || ![deprecated.release].flat().some((one) => one === served)) return undefined;
  return allowed.has(deprecated.word) ? undefined : deprecated;
}

/** `spec` as `profile` sees it; of the legacy family, as the release of `era` does. */
export function viewOf(
  name: string,
  spec: Method,
  profile: Profile,
  era: Era = REFERENCE_ERA,
): View {
  const variant = variantOf(spec, profile, era);
  const params = Object.entries(variant.params ?? spec.params).map(([key, codec]): Param => {
    const [first = key, ...aliases] = key.split('|');
    return {
      name: first,
      aliases,
      codec,
      target: codec.target ?? first,
      optional: isOptional(codec),
      positional: codec.byNameOnly !== true,
    };
  });
  return {
    name,
    spec,
    style: styleOf(profile, spec),
    category: variant.category ?? spec.category,
    params,
    required: params.findLastIndex((param) => !param.optional) + 1,
    result: variant.result ?? spec.result,
    usage: variant.usage ?? (variant.params ? undefined : spec.usage),
    checked: variant.checked ?? [],
    replacedBy: variant.replacedBy,
    deprecated: refusalOf(spec, profile, era),
    defaults: { ...defaultsOf(spec.params), ...variant.fixed },
    refuse: (args) => variant.refuse?.(args),
  };
}

function defaultsOf(params: Params): Readonly<Record<string, unknown>> {
  const defaults: Record<string, unknown> = {};
  for (const [key, codec] of Object.entries(params)) {
    if (isOptional(codec)) defaults[codec.target ?? key.split('|')[0] ?? key] = codec.default;
  }
  return defaults;
}
