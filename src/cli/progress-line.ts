/** One line that tells how far long work has come: rewritten in place on a terminal, elsewhere a line whenever the words change. */
export interface ProgressLine {
  show(text: string): void;
  end(): void;
}

export function createProgressLine(out: NodeJS.WriteStream = process.stderr): ProgressLine {
  let last = '';
  return {
    show: (text) => {
      const step = out.isTTY ? text : text.replaceAll(/ [\d.]+ of [\d.]+ MB/g, '');
      if (step === last) return;
      last = step;
      out.write(out.isTTY ? `\r\u001b[2K${step}` : `${step}\n`);
    },
    end: () => {
      if (out.isTTY && last !== '') out.write('\r\u001b[2K');
    },
  };
}
