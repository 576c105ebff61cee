// From the letters of a data file to its bytes, and from bytes to numbers.

const FIRST = 0x3400;

/** Letters of 15 bits each, of which `size` deflated bytes are made, as the bytes before they were deflated. */
export async function unpack(letters, size) {
  // Written and read by hand: a Blob goes through another process, and a Response has each of several wait for tasks.
  const { readable, writable } = new DecompressionStream("deflate-raw");
  const [writer, reader] = [writable.getWriter(), readable.getReader()];
  for (const step of [writer.write(bytesOf(letters, size)), writer.close()]) step.catch(() => {}); // the reader gets the error
  const pieces = [];
  for (let { value, done } = await reader.read(); !done; { value, done } = await reader.read()) pieces.push(value);
  return pieces.length === 1 ? pieces[0] : joined(pieces);
}

function joined(pieces) {
  const bytes = new Uint8Array(pieces.reduce((sum, piece) => sum + piece.length, 0));
  let at = 0;
  for (const piece of pieces) {
    bytes.set(piece, at);
    at += piece.length;
  }
  return bytes;
}

export function bytesOf(letters, size) {
  const bytes = new Uint8Array(Math.ceil((letters.length * 15) / 8));
  let [at, bits, held] = [0, 0, 0];
  for (let i = 0; i < letters.length; i += 1) {
    bits |= (letters.charCodeAt(i) - FIRST) << held;
    held += 15;
    while (held >= 8) {
      bytes[at++] = bits & 255;
      bits >>>= 8;
      held -= 8;
    }
  }
  return bytes.subarray(0, size);
}

/** Reads numbers and texts one after the other, as binary.py lays them out. */
export class Reader {
  constructor(bytes, at = 0) {
    Object.assign(this, { bytes, at });
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  number() {
    this.at += 4;
    return this.view.getUint32(this.at - 4, true);
  }

  moment() {
    this.at += 8;
    return this.view.getFloat64(this.at - 8, true);
  }

  take(size) {
    this.at += size;
    return this.bytes.subarray(this.at - size, this.at);
  }

  text(size) {
    return new TextDecoder().decode(this.take(size));
  }

  /** `count` numbers of up to six bytes, the lowest bytes of all of them first. */
  planes(count, width) {
    const numbers = width > 4 ? new Float64Array(count) : width > 2 ? new Uint32Array(count) : new Uint16Array(count);
    for (let plane = 0; plane < width; plane += 1) {
      const scale = 2 ** (8 * plane);
      const bytes = this.take(count);
      for (let i = 0; i < count; i += 1) if (bytes[i]) numbers[i] += bytes[i] * scale;
    }
    return numbers;
  }

  varint() {
    const { bytes } = this;
    let byte = bytes[this.at++];
    let value = byte & 127;
    for (let scale = 128; byte > 127; scale *= 128) {
      byte = bytes[this.at++];
      value += (byte & 127) * scale;
    }
    return value;
  }

  varints(count) {
    return Uint32Array.from({ length: count }, () => this.varint());
  }
}

/** A signed number from its unsigned (zigzag) form. */
export function unzigzag(value) {
  return value % 2 ? -(value + 1) / 2 : value / 2;
}
