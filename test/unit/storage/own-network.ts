let networks = 0;

/** A loopback network of this test's own (its first three octets): no two test files or checkouts share an address. */
export function ownNetwork(): string {
  networks += 1;
  return `127.${16 + (process.pid % 200)}.${(Math.floor(process.pid / 200) * 8 + networks) % 250}`;
}
