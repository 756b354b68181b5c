/** The checksum behind `#` of an output descriptor (BIP380). */

const INPUT_CHARSET =
  '0123456789()[],\'/*abcdefgh@:$%{}IJKLMNOPQRSTUVWXYZ&+-.;<=>?!^_|~ijklmnopqrstuvwxyzABCDEFGH`#"\\ ';
const CHECKSUM_CHARSET = 'qpzry9x8gf2tvdw0s3jn54khce6mua7l';
const GENERATOR = [0xf5dee51989n, 0xa9fdca3312n, 0x1bab10e32dn, 0x3706b1677an, 0x644d626ffdn];

function polymod(checksum: bigint, value: number): bigint {
  const top = checksum >> 35n;
  let next = ((checksum & 0x7ffffffffn) << 5n) ^ BigInt(value);
  for (let i = 0; i < 5; i++) if ((top >> BigInt(i)) & 1n) next ^= GENERATOR[i] as bigint;
  return next;
}

/** Eight characters over `text`; undefined when it has a character that descriptors cannot hold. */
export function descriptorChecksum(text: string): string | undefined {
  let checksum = 1n;
  let group = 0;
  let count = 0;
  for (const character of text) {
    const position = INPUT_CHARSET.indexOf(character);
    if (position < 0) return undefined;
    checksum = polymod(checksum, position & 31);
    group = group * 3 + (position >> 5);
    if (++count === 3) {
      checksum = polymod(checksum, group);
      group = 0;
      count = 0;
    }
  }
  if (count > 0) checksum = polymod(checksum, group);
  for (let i = 0; i < 8; i++) checksum = polymod(checksum, 0);
  checksum ^= 1n;
  let result = '';
  for (let i = 0; i < 8; i++) {
    result += CHECKSUM_CHARSET[Number((checksum >> BigInt(5 * (7 - i))) & 31n)];
  }
  return result;
}

/** `text#checksum`. Throws `RangeError` for a text that can have none. */
export function withChecksum(text: string): string {
  const checksum = descriptorChecksum(text);
  if (checksum === undefined) throw new RangeError('a character that no descriptor may hold');
  return `${text}#${checksum}`;
}
