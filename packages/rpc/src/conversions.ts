/**
 * What command lines need to know of parameters: which are text and which are JSON. bitcoind tells it on
 * `help dump_all_command_conversions`.
 */
import type { Codec } from './codec.ts';
import { namedMembers } from './codec-shapes.ts';
import type { View } from './method.ts';

/** A parameter as command lines see it: method, place, name, and whether it is text or else JSON. */
export type Conversion = readonly [method: string, place: number, name: string, isText: boolean];

/** Every parameter of every method, under each of its names, with the members of options that stand for themselves. */
export function conversionsOf(views: ReadonlyMap<string, View>): Conversion[] {
  const ordered = [...views.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
  return ordered.flatMap(({ name: method, params, usage = '' }) =>
    params.flatMap(({ name, aliases, codec }, place) => {
      const rows = (names: readonly string[], { cli }: Codec<unknown>): Conversion[] =>
        names.map((one) => [method, place, one, cli === 'string' || usage.includes(`"${one}"`)]);
      return [
        ...rows([name, ...aliases], codec),
        ...namedMembers(codec).flatMap((member) => rows([member.key], member.codec)),
      ];
    }),
  );
}
