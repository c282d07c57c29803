/** `4.2 MB`, and below a tenth of that `37 kB`: nothing that is there is `0.0 MB`. */
export const sizeInWords = (bytes: number): string =>
  bytes < 100_000 ? `${Math.ceil(bytes / 1_000)} kB` : `${(bytes / 1_000_000).toFixed(1)} MB`;
