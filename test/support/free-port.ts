/** Ports for daemons that must be told theirs. */
import { type AddressInfo, createServer } from 'node:net';

/** A port that nobody listens on right now, and that the system hands out to nobody for a while. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    });
  });
}
