/** Who may connect to the HTTP server: this machine, and the subnets of -rpcallowip. */
import { BlockList, isIP, type Socket } from 'node:net';

function allowList(subnets: readonly string[]): BlockList {
  const list = new BlockList();
  list.addSubnet('127.0.0.0', 8, 'ipv4');
  list.addAddress('::1', 'ipv6');
  for (const subnet of subnets) addSubnet(list, subnet);
  return list;
}

/** `10.0.0.1`, `10.0.0.0/8`, `10.0.0.0/255.0.0.0`, `fd00::/8`. Throws `RangeError` for other texts. */
function addSubnet(list: BlockList, subnet: string): void {
  const [written = '', mask] = subnet.split('/');
  const address = written.replace(/^\[(.*)\]$/, '$1');
  const family = isIP(address);
  const bits = mask === undefined ? (family === 4 ? 32 : 128) : prefixLength(mask);
  if (family === 0 || bits === undefined || bits > (family === 4 ? 32 : 128)) {
    throw new RangeError(
      `Invalid -rpcallowip subnet specification: ${subnet}. Valid values are a single IP (e.g. 1.2.3.4), a network/netmask (e.g. 1.2.3.4/255.255.255.0), a network/CIDR (e.g. 1.2.3.4/24), all ipv4 (0.0.0.0/0), or all ipv6 (::/0).`,
    );
  }
  list.addSubnet(address, bits, family === 4 ? 'ipv4' : 'ipv6');
}

function prefixLength(mask: string): number | undefined {
  if (/^[0-9]{1,3}$/.test(mask)) return Number(mask);
  if (isIP(mask) !== 4) return undefined;
  const bits = mask
    .split('.')
    .map((part) => Number(part).toString(2).padStart(8, '0'))
    .join('');
  return /^1*0*$/.test(bits) ? bits.lastIndexOf('1') + 1 : undefined;
}

/**
 * Who may come in, looked up once per connection: a block list costs a tenth of a small call. Throws `RangeError`
 * for a subnet that is none.
 */
export function doorkeeper(subnets: readonly string[]): (socket: Socket) => boolean {
  const list = allowList(subnets);
  return (socket) => {
    const address = (socket.remoteAddress ?? '').replace(/^::ffff:(?=\d+\.)/, '');
    const family = isIP(address);
    return family !== 0 && list.check(address, family === 4 ? 'ipv4' : 'ipv6');
  };
}
