/** Whether an expression is typed, safe and within the limits, and what to tell where it is not. */
import { MAX_STACK_SIZE } from '@coind/script';
import { limits, MAX_OPS, MAX_WSH_STACK } from './context.ts';
import type { Miniscript } from './node.ts';
import { hasType } from './type.ts';

/** Typed, and not too large for its place. */
export function isValid({ type, size, context }: Miniscript): boolean {
  return type !== 0 && size <= limits[context].maxScriptSize;
}

/** Valid as a whole script. */
export function isValidScript(node: Miniscript): boolean {
  return isValid(node) && hasType(node.type, 'B');
}

/** What the script leaves on the stack when it is satisfied. */
const left = ({ type }: Miniscript): number => (hasType(type, 'V') ? 0 : 1);

/** True when some way satisfies it. */
export function isSatisfiable({ stack }: Miniscript): boolean {
  return stack.sat !== undefined;
}

/** Elements of the witness at most, without the script; undefined when nothing satisfies it. */
export function maxStackItems(node: Miniscript): number | undefined {
  return node.stack.sat && node.stack.sat.shrinks + left(node);
}

function isWithinLimits(node: Miniscript): boolean {
  const { context, ops, checked, stack } = node;
  if (!isValid(node)) return false;
  if (context === 'tapscript') return (stack.sat?.peak ?? 0) + left(node) <= MAX_STACK_SIZE;
  const runs = checked.sat === undefined ? 0 : ops + checked.sat;
  return runs <= MAX_OPS && (maxStackItems(node) ?? 0) <= MAX_WSH_STACK;
}

/** What keeps an expression from being safe wherever it stands, in bitcoind's order and words. */
const faults: readonly (readonly [string, (node: Miniscript, keys: KeyCheck) => boolean])[] = [
  ['malleable witnesses exist', ({ type }) => !hasType(type, 'm')],
  [
    'contains mixes of timelocks expressed in blocks and seconds',
    ({ type }) => !hasType(type, 'k'),
  ],
  ['contains duplicate public keys', (node, keys) => keys.has(node)],
  ['needs witnesses that may exceed resource limits', (node) => !isWithinLimits(node)],
];

/** The nodes that name a key twice. */
type KeyCheck = ReadonlySet<Miniscript>;

function duplicates(root: Miniscript, names: readonly string[]): KeyCheck {
  const found = new Set<Miniscript>();
  root.fold<Set<string> | undefined>((node, parts) => {
    const own = new Set(node.keys.map((key) => names[key] as string));
    let isOnce = own.size === node.keys.length && !parts.includes(undefined);
    // The largest set takes in the others.
    const sets = [own, ...parts.flatMap((part) => part ?? [])].sort((a, b) => b.size - a.size);
    const [all = own, ...others] = sets;
    for (const other of others) {
      for (const name of other) {
        if (all.has(name)) isOnce = false;
        all.add(name);
      }
    }
    if (isOnce) return all;
    found.add(node);
    return undefined;
  });
  return found;
}

function faultOf(node: Miniscript, keys: KeyCheck): string | undefined {
  return faults.find(([, isFaulty]) => isFaulty(node, keys))?.[0];
}

/** True when a script of its own may be made of it. `names` tell keys apart. */
export function isSane(root: Miniscript, names: readonly string[]): boolean {
  const isSafe = isValidScript(root) && hasType(root.type, 's');
  return isSafe && faultOf(root, duplicates(root, names)) === undefined;
}

/** The innermost expression that is not safe, with the reason in bitcoind's words; undefined for a safe one. */
export function insanity(
  root: Miniscript,
  names: readonly string[],
): { readonly node: Miniscript; readonly reason: string } | undefined {
  const keys = duplicates(root, names);
  const isSafe = isValidScript(root) && hasType(root.type, 's');
  const inner = root.fold<Miniscript | undefined>(
    (node, parts) =>
      parts.find((part) => part !== undefined) ??
      (!isValid(node) || faultOf(node, keys) !== undefined ? node : undefined),
  );
  if (isSafe && !inner) {
    return isSatisfiable(root) ? undefined : { node: root, reason: 'is not satisfiable' };
  }
  const node = inner ?? root;
  if (!isValid(node)) return { node, reason: 'is invalid' };
  return { node, reason: `is not sane${reasonOf(node, root, keys)}` };
}

function reasonOf(node: Miniscript, root: Miniscript, keys: KeyCheck): string {
  const fault = faultOf(node, keys);
  const isMalleable = fault === faults[0]?.[0];
  if (!isMalleable && node === root && !hasType(node.type, 's')) {
    return ': witnesses without signature exist';
  }
  return fault === undefined ? '' : `: ${fault}`;
}
