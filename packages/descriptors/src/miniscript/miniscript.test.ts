import { bytesToHex } from '@coind/primitives';
import { formatAsm } from '@coind/script';
import { describe, expect, test } from 'vitest';
import { compileMiniscript, formatMiniscript } from './compile.ts';
import type { Context } from './context.ts';
import { decodeMiniscript } from './decode.ts';
import type { Miniscript } from './node.ts';
import { Coin, hashers, parseNumbered, scriptKeys, secrets } from './random.test.fixture.ts';
import { insanity, isValidScript } from './sanity.ts';
import { satisfyMiniscript } from './satisfy.ts';
import { formatType } from './type.ts';

const names = secrets.map((_, nth) => String(nth));
const sha = bytesToHex(hashers.sha256(secrets[0] as Uint8Array));

function parse(text: string, context: Context = 'wsh'): Miniscript {
  const node = parseNumbered(text, context);
  if (!node) throw new Error(`${text} is no miniscript`);
  return node;
}

/** The script as opcodes, with keys and hashes as `<key n>` and so on. */
function asm(text: string, context: Context = 'wsh'): string {
  const keys = scriptKeys(context);
  let words = formatAsm(compileMiniscript(parse(text, context), keys));
  for (const [nth, { bytes, hash }] of keys.entries()) {
    words = words.replaceAll(bytesToHex(bytes), `<key ${nth}>`);
    words = words.replaceAll(bytesToHex(hash), `<hash ${nth}>`);
  }
  return words.replaceAll(sha, '<sha>').replaceAll('OP_', '');
}

describe('scripts', () => {
  test.each([
    ['pk(0)', '<key 0> CHECKSIG'],
    ['v:pkh(0)', 'DUP HASH160 <hash 0> EQUALVERIFY CHECKSIGVERIFY'],
    [
      'or_d(pk(0),and_v(v:pkh(1),older(144)))',
      '<key 0> CHECKSIG IFDUP NOTIF DUP HASH160 <hash 1> EQUALVERIFY CHECKSIGVERIFY 144 CHECKSEQUENCEVERIFY ENDIF',
    ],
    [
      'thresh(2,pk(0),s:pk(1),sln:after(500000))',
      '<key 0> CHECKSIG SWAP <key 1> CHECKSIG ADD SWAP IF 0 ELSE 500000 CHECKLOCKTIMEVERIFY 0NOTEQUAL ENDIF ADD 2 EQUAL',
    ],
    [
      `andor(pk(0),sha256(${sha}),pk(1))`,
      '<key 0> CHECKSIG NOTIF <key 1> CHECKSIG ELSE SIZE 32 EQUALVERIFY SHA256 <sha> EQUAL ENDIF',
    ],
    [
      'and_b(multi(1,0,1),a:pk(2))',
      '1 <key 0> <key 1> 2 CHECKMULTISIG TOALTSTACK <key 2> CHECKSIG FROMALTSTACK BOOLAND',
    ],
    [
      't:or_c(pk(0),v:multi(2,1,2))',
      '<key 0> CHECKSIG NOTIF 2 <key 1> <key 2> 2 CHECKMULTISIGVERIFY ENDIF 1',
    ],
    [
      'j:and_v(vdv:after(1),pk(3))',
      'SIZE 0NOTEQUAL IF DUP IF 1 CHECKLOCKTIMEVERIFY VERIFY ENDIF VERIFY <key 3> CHECKSIG ENDIF',
    ],
  ])('%s', (text, expected) => {
    expect(asm(text)).toBe(expected);
  });

  test('keys of tapscript have 32 bytes, and count with CHECKSIGADD', () => {
    expect(asm('v:multi_a(2,0,1,2)', 'tapscript')).toBe(
      '<key 0> CHECKSIG <key 1> CHECKSIGADD <key 2> CHECKSIGADD 2 NUMEQUALVERIFY',
    );
    expect(scriptKeys('tapscript')[0]?.bytes.length).toBe(32);
  });
});

describe('texts', () => {
  test.each([
    ['c:pk_k(0)', 'pk(0)'],
    ['vc:pk_h(0)', 'v:pkh(0)'],
    ['and_v(v:pk(0),1)', 'tv:pk(0)'],
    ['or_i(0,older(5))', 'l:older(5)'],
    ['s:or_i(older(5),0)', 'su:older(5)'],
    ['andor(pk(0),pk(1),0)', 'and_n(pk(0),pk(1))'],
    ['after(0000017)', 'after(17)'],
  ])('%s is written as %s', (text, written) => {
    expect(formatMiniscript(parse(text), names)).toBe(written);
  });

  test.each([
    '',
    'pk(0',
    'pk(0))',
    'pk(0),pk(1)',
    'older(0)',
    'older(2147483648)',
    'older(-1)',
    'after(1.5)',
    'sha256(00)',
    'vv:pk(0)',
    'x:pk(0)',
    ':pk(0)',
    'and_v(v:pk(0))',
    'and_v(v:pk(0),pk(1),pk(2))',
    'thresh(3,pk(0),s:pk(1))',
    'thresh(0,pk(0))',
    'multi(0,1)',
    'multi(2,1)',
    'multi(1)',
    'multi_a(1,0)',
    'toString(0)',
  ])('%j is none', (text) => {
    expect(parseNumbered(text, 'wsh')).toBeUndefined();
  });

  test('depth is no danger: each of fifty thousand wrappers costs an opcode', () => {
    const text = `${'n'.repeat(50_000)}:pk(0)`;
    expect(parseNumbered(text, 'wsh')).toBeUndefined();
    const node = parse(text, 'tapscript');
    expect(formatMiniscript(node, names)).toBe(text);
    const script = compileMiniscript(node, scriptKeys('tapscript'));
    expect(script.length).toBe(node.size);
    expect(insanity(node, names)).toBeUndefined();
  });
});

describe('types', () => {
  test.each([
    ['pk(0)', 'Bonduesmk'],
    ['and_v(v:pk(0),older(10))', 'Bonfsmxhk'],
    ['or_i(pk(0),pk(1))', 'Bdusmxk'],
    [`or_d(pk(0),sha256(${sha}))`, 'Bdumxk'],
    ['and_v(v:after(100),after(500000000))', 'Bzfmxij'],
    ['and_v(pk(0),pk(1))', ''],
    ['or_d(older(1),pk(1))', ''],
  ])('%s is %s', (text, type) => {
    expect(formatType(parse(text).type)).toBe(type);
  });

  test('d: leaves exactly 1 in tapscript only', () => {
    expect(formatType(parse('dv:older(1)', 'tapscript').type)).toContain('u');
    expect(formatType(parse('dv:older(1)').type)).not.toContain('u');
  });
});

describe('what is not safe', () => {
  test.each([
    ['and_v(pk(0),older(1))', 'and_v(pk(0),older(1)) is invalid'],
    ['v:pk(0)', 'v:pk(0) is not sane'],
    ['older(1)', 'older(1) is not sane: witnesses without signature exist'],
    [
      `or_b(sha256(${sha}),s:pk(0))`,
      `or_b(sha256(${sha}),s:pk(0)) is not sane: malleable witnesses exist`,
    ],
    [
      'and_v(v:after(1),and_v(v:after(500000000),pk(0)))',
      'and_v(v:after(1),and_v(v:after(500000000),pk(0))) is not sane: contains mixes of timelocks expressed in blocks and seconds',
    ],
    ['and_b(pk(0),s:pk(0))', 'and_b(pk(0),s:pk(0)) is not sane: contains duplicate public keys'],
    [
      `${'n'.repeat(201)}:pk(0)`,
      `${'n'.repeat(201)}:pk(0) is not sane: needs witnesses that may exceed resource limits`,
    ],
    ['and_v(v:pk(0),0)', 'and_v(v:pk(0),0) is not satisfiable'],
  ])('%s', (text, expected) => {
    const node = parse(text);
    const found = insanity(node, names);
    expect(found && `${formatMiniscript(found.node, names)} ${found.reason}`).toBe(expected);
  });
});

describe('scripts that are none', () => {
  const finder = { byBytes: () => 0, byHash: () => undefined };
  test.each([
    ['a VERIFY that could be shorter', `${'2102'.padEnd(70, '1')}ac6951`],
    ['a push that could be shorter', `${'4c2102'.padEnd(72, '1')}ac`],
    ['an unknown key hash', `76a914${'22'.repeat(20)}88ac`],
    ['a lock of zero', '00b2'],
    ['a push that is cut short', '21'],
    ['nothing', ''],
  ])('%s', (_name, hex) => {
    expect(decodeMiniscript(Buffer.from(hex, 'hex'), 'wsh', finder)).toBeUndefined();
  });
});

describe('satisfactions', () => {
  const hand = { keys: new Set([0, 1]), preimages: new Set<number>(), locktime: 0, sequence: 144 };

  test.each([
    ['the cheaper of two ways', 'or_i(and_v(v:pk(0),pk(1)),pk(1))', 2],
    ['a lock that is over', 'or_d(pk(5),and_v(v:pk(0),older(144)))', 2],
    ['two of three', 'thresh(2,pk(0),s:pk(5),s:pk(1))', 3],
  ])('%s', (_name, text, items) => {
    const node = parse(text);
    expect(isValidScript(node)).toBe(true);
    const coin = new Coin(compileMiniscript(node, scriptKeys('wsh')), 'wsh', hand);
    const stack = satisfyMiniscript(node, coin.means) ?? [];
    expect(stack).toHaveLength(items);
    expect(coin.verdict(stack)).toBe('spent');
  });

  test('none where a lock, a key or a preimage is missing', () => {
    const texts = ['and_v(v:pk(0),older(145))', 'pk(7)', `and_v(v:pk(0),sha256(${sha}))`];
    for (const text of texts) {
      const node = parse(text);
      const coin = new Coin(compileMiniscript(node, scriptKeys('wsh')), 'wsh', hand);
      expect(satisfyMiniscript(node, coin.means), text).toBeUndefined();
    }
  });

  test('none that others could change', () => {
    const node = parse(`or_b(sha256(${sha}),s:pk(0))`);
    const coin = new Coin(compileMiniscript(node, scriptKeys('wsh')), 'wsh', {
      ...hand,
      preimages: new Set([0]),
    });
    expect(satisfyMiniscript(node, coin.means)).toBeUndefined();
  });
});
