const BLOCK = 512

/**
 * A tar archive with one file, without times and owners.
 *
 * @see https://pubs.opengroup.org/onlinepubs/9799919799/utilities/pax.html "ustar Interchange Format"
 */
export function tar(name: string, content: Buffer): Buffer {
  const header = Buffer.alloc(BLOCK)
  const octal = (value: number, digits: number): string =>
    `${value.toString(8).padStart(digits, '0')}\0`
  header.write(name, 0)
  header.write(octal(0o644, 7), 100)
  header.write(octal(0, 7) + octal(0, 7), 108) // user and group
  header.write(octal(content.length, 11) + octal(0, 11), 124) // size and time
  header.write(' '.repeat(8), 148) // what the checksum is over in its own place
  header.write('0', 156) // a regular file
  header.write('ustar\x0000', 257)
  const sum = header.reduce((total, byte) => total + byte, 0)
  header.write(`${octal(sum, 6)} `, 148)
  const padding = Buffer.alloc(-content.length & (BLOCK - 1))
  return Buffer.concat([header, content, padding, Buffer.alloc(2 * BLOCK)])
}
