/**
 * Addresses, keys and descriptors as texts: valid ones of every network, mutated. Laws: a refusal is an
 * `AddressError` or a `DescriptorError`, and what was read is written in a form that reads the same.
 */
import {
  descriptorChecksum,
  type ExtendedKey,
  expandDescriptor,
  formatDescriptor,
  formatExtendedKey,
  hasPrivateKeys,
  isRanged,
  masterKey,
  parseDescriptor,
} from '@coind/descriptors';
import { type ChainParams, chainParams, equalBytes, hash160 } from '@coind/primitives';
import {
  decodeAddress,
  decodeWif,
  encodeAddress,
  encodeWif,
  p2pkh,
  p2sh,
  publicKey,
  witnessScript,
} from '@coind/script';
import type { Chance } from '../chance.ts';
import { attempt, type FuzzTarget, law } from '../fuzz.ts';
import { mutateText } from '../mutate.ts';
import { keys } from './script-source.ts';

const networks = ['main', 'test', 'testnet4', 'signet', 'regtest'].map(
  (name) => chainParams(name) as ChainParams,
);
const key = keys[0] as Uint8Array;
const master = masterKey(key) as ExtendedKey;
const hex = Buffer.from(publicKey(key, true)).toString('hex');

function randomAddress(chance: Chance, params: ChainParams): string {
  const program = chance.bytes(chance.pick([20, 32, 2, 40]));
  const version =
    program.length === 20 || program.length === 32 ? chance.below(17) : 1 + chance.below(16);
  const scripts = [
    p2pkh(hash160(program)),
    p2sh(hash160(program)),
    witnessScript(version, program),
  ];
  return encodeAddress(chance.pick(scripts), params) ?? '';
}

function checkAddress(text: string, params: ChainParams): string {
  const script = decodeAddress(text, params);
  const again = encodeAddress(script, params);
  law(again !== undefined, 'what an address pays to has an address');
  law(equalBytes(decodeAddress(again, params), script), 'an address is read as it is written');
  return 'address';
}

function checkWif(text: string, params: ChainParams): string {
  const { privateKey, compressed } = decodeWif(text, params);
  law(encodeWif(privateKey, compressed, params) === text, 'a key is written as it was read');
  return 'key';
}

/** Descriptors of every kind, over keys in every form. */
function descriptorsOf(params: ChainParams): string[] {
  const wif = encodeWif(key, true, params);
  const extended = formatExtendedKey(master, params);
  const address = encodeAddress(p2pkh(hash160(key)), params);
  return [
    `pk(${hex})`,
    `pkh([d34db33f/44'/0h/0]${extended}/1/*)`,
    `wpkh(${extended}/0h/*h)`,
    `sh(wpkh(${wif}))`,
    `wsh(sortedmulti(1,${hex},${wif}))`,
    `sh(wsh(multi(2,${hex},${extended}/0/1,${hex})))`,
    `combo(${hex})`,
    `tr(${extended}/86'/1'/0'/0/*)`,
    `rawtr(${hex.slice(2)})`,
    `tr(${hex},{pk(${extended}/0/*),{multi_a(1,${hex},${wif}),and_v(v:pkh(${extended}/1),older(9))}})`,
    `tr(musig(${extended}/0,${extended}/1)/2/*)`,
    `wsh(andor(pk(${hex}),older(144),and_v(v:pkh(${extended}/*),sha256(${hex.slice(2)}))))`,
    `sh(wsh(thresh(2,pk(${hex}),s:pk(${extended}/3),sln:after(500000000),aj:pk(${extended}/4))))`,
    `wpkh(${extended}/<0;1;2h>/*)`,
    `unused(${extended})`,
    `addr(${address})`,
    `raw(5120${hex.slice(2)})`,
  ];
}

function checkDescriptor(text: string, params: ChainParams): string {
  const descriptor = parseDescriptor(text, params);
  const written = formatDescriptor(
    descriptor,
    hasPrivateKeys(descriptor) ? 'private' : 'public',
    params,
  );
  const again = parseDescriptor(written, params, true);
  law(isRanged(again) === isRanged(descriptor), 'a descriptor is read as it is written');
  expandDescriptor(descriptor, 7);
  return 'descriptor';
}

/** The text with the checksum that belongs to it, if it can have one. */
function sealed(body: string): string {
  const checksum = descriptorChecksum(body);
  return checksum === undefined ? body : `${body}#${checksum}`;
}

/** Texts that callers hand in. */
export function textTarget(): FuzzTarget {
  const descriptors = networks.map(descriptorsOf);
  return {
    name: 'text',
    run(chance) {
      const at = chance.below(networks.length);
      const params = networks[at] as ChainParams;
      const change = (text: string): string => (chance.oneIn(4) ? text : mutateText(chance, text));
      switch (chance.below(3)) {
        case 0:
          return attempt(() => checkAddress(change(randomAddress(chance, params)), params));
        case 1:
          return attempt(() => checkWif(change(encodeWif(key, chance.oneIn(2), params)), params));
        default: {
          const whole = chance.pick(descriptors[at] as string[]);
          const body = chance.oneIn(2)
            ? change(whole)
            : mutateText(chance, whole, chance.pick(descriptors[0] as string[]));
          return attempt(() => checkDescriptor(chance.oneIn(2) ? sealed(body) : body, params));
        }
      }
    },
  };
}
