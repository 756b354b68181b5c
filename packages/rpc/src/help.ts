/** The texts of `help`: the list of all methods, and one method's usage, arguments and result. */
import { type Codec, isOptional } from './codec.ts';
import type { View } from './method.ts';

/** `blockhash` in quotes when it is a text, brackets around what may be left out: bitcoind's form. */
export function usageLine(view: View): string {
  if (view.usage !== undefined) return view.usage;
  let line = view.name;
  let open = false;
  for (const { name, codec, optional, positional } of view.params) {
    if (!positional) continue;
    if (optional !== open) line += optional ? ' (' : ' )';
    open = optional;
    line += ` ${codec.usage ?? (codec.type === 'string' ? `"${name}"` : name)}`;
  }
  return open ? `${line} )` : line;
}

/** Everything about one method; also the message for a wrong number of arguments. */
export function helpText(view: View): string {
  if (view.replacedBy !== undefined) return view.replacedBy;
  const lines = [usageLine(view), '', view.spec.about, ''];
  if (view.params.length > 0) {
    lines.push('Arguments:');
    for (const [index, { name, aliases, codec, positional }] of view.params.entries()) {
      const names = [name, ...aliases].join(' or ');
      const place = positional ? `${index + 1}.` : 'by name only:';
      lines.push(`${place} ${names} (${codec.word}, ${necessity(codec)}) ${codec.about}`);
      lines.push(...memberLines(codec, '     '));
    }
    lines.push('');
  }
  lines.push('Result:', `${view.result.word}${about(view.result)}`);
  lines.push(...memberLines(view.result, '  '), '');
  if (view.spec.examples && view.spec.examples.length > 0) {
    lines.push('Examples:');
    for (const example of view.spec.examples) {
      lines.push(`> coin-cli ${view.name}${example === '' ? '' : ' '}${example}`);
    }
  }
  return `${lines.join('\n').trimEnd()}\n`;
}

function necessity(codec: Codec<unknown>): string {
  if (!isOptional(codec)) return 'required';
  if (codec.default === undefined) return 'optional';
  return `optional, default=${codec.encode(codec.default)}`;
}

function about(codec: Codec<unknown>): string {
  return codec.about === '' ? '' : ` ${codec.about}`;
}

/** The members of objects, also of those in lists and alternatives, one line each. */
function memberLines(codec: Codec<unknown>, margin: string): string[] {
  if (codec.choices) return codec.choices.flatMap((choice) => memberLines(choice, margin));
  if (codec.item) return memberLines(codec.item, margin);
  return (codec.members ?? []).flatMap(({ key, codec: member }) => [
    `${margin}"${key}" (${member.word}${isOptional(member) ? ', optional' : ''})${about(member)}`,
    ...memberLines(member, `${margin}  `),
  ]);
}

/** The usage lines of all methods, by category and name; hidden ones are left out. */
export function helpList(views: Iterable<View>): string {
  const groups = new Map<string, View[]>();
  for (const view of views) {
    if (view.category === 'hidden' || view.replacedBy !== undefined) continue;
    const group = groups.get(view.category) ?? [];
    group.push(view);
    groups.set(view.category, group);
  }
  const texts: string[] = [];
  for (const category of [...groups.keys()].sort()) {
    const lines = (groups.get(category) ?? [])
      .toSorted((a, b) => (a.name < b.name ? -1 : 1))
      .map(usageLine);
    texts.push(`== ${category[0]?.toUpperCase()}${category.slice(1)} ==\n${lines.join('\n')}`);
  }
  return texts.join('\n\n');
}

/** What the method `help` answers to `command`: a text in every case, also for unknown ones. */
export function help(views: ReadonlyMap<string, View>, command: string | undefined): string {
  if (command === undefined || command === '') return helpList(views.values());
  const view = views.get(command);
  if (view?.replacedBy !== undefined) return view.replacedBy;
  return view ? helpText(view).trimEnd() : `help: unknown command: ${command}`;
}
