import { createClient, type Client, type Interceptor, type Transport } from "@connectrpc/connect";
import { createGrpcWebTransport } from "@connectrpc/connect-web";

import { ActivityService } from "./gen/albumen/v1/activity_service_pb.js";
import { AlbumService } from "./gen/albumen/v1/album_service_pb.js";
import { AssetService } from "./gen/albumen/v1/asset_service_pb.js";
import { AuditService } from "./gen/albumen/v1/audit_service_pb.js";
import { AuthService } from "./gen/albumen/v1/auth_service_pb.js";
import { ExportService } from "./gen/albumen/v1/export_service_pb.js";
import { FolderAlbumService } from "./gen/albumen/v1/folder_album_service_pb.js";
import { JobService } from "./gen/albumen/v1/job_service_pb.js";
import { LibraryService } from "./gen/albumen/v1/library_service_pb.js";
import { ServerService } from "./gen/albumen/v1/server_service_pb.js";
import { SharedLinkService } from "./gen/albumen/v1/shared_link_service_pb.js";
import { UploadService } from "./gen/albumen/v1/upload_service_pb.js";
import { UserService } from "./gen/albumen/v1/user_service_pb.js";

/** An access token, or a function that is asked for the current one before every call. */
export type Token = string | (() => string | undefined | Promise<string | undefined>);

/** What a transport is made of. */
export interface TransportOptions {
  baseUrl: string;
  interceptors: Interceptor[];
}

/** How to reach a server. */
export interface AlbumenOptions {
  /** The server's address, as in `https://photos.example.org`. */
  baseUrl: string;
  /** The credential. Default: none, for calls that need none. */
  token?: Token;
  /** Makes the transport. Default: gRPC-Web by `fetch`, for browsers and Node. */
  transport?: (options: TransportOptions) => Transport;
}

/** The services of one server. */
export interface Albumen {
  readonly activities: Client<typeof ActivityService>;
  readonly albums: Client<typeof AlbumService>;
  readonly assets: Client<typeof AssetService>;
  readonly audit: Client<typeof AuditService>;
  readonly auth: Client<typeof AuthService>;
  readonly exports: Client<typeof ExportService>;
  readonly folderAlbums: Client<typeof FolderAlbumService>;
  readonly jobs: Client<typeof JobService>;
  readonly libraries: Client<typeof LibraryService>;
  readonly server: Client<typeof ServerService>;
  readonly sharedLinks: Client<typeof SharedLinkService>;
  readonly uploads: Client<typeof UploadService>;
  readonly users: Client<typeof UserService>;
}

/** Makes the clients of a server. Nothing is sent before the first call. */
export function createAlbumen(options: AlbumenOptions): Albumen {
  const { baseUrl, token, transport: makeTransport = createGrpcWebTransport } = options;
  const transport = makeTransport({ baseUrl, interceptors: [authorize(token)] });
  return {
    activities: createClient(ActivityService, transport),
    albums: createClient(AlbumService, transport),
    assets: createClient(AssetService, transport),
    audit: createClient(AuditService, transport),
    auth: createClient(AuthService, transport),
    exports: createClient(ExportService, transport),
    folderAlbums: createClient(FolderAlbumService, transport),
    jobs: createClient(JobService, transport),
    libraries: createClient(LibraryService, transport),
    server: createClient(ServerService, transport),
    sharedLinks: createClient(SharedLinkService, transport),
    uploads: createClient(UploadService, transport),
    users: createClient(UserService, transport),
  };
}

function authorize(token: Token | undefined): Interceptor {
  return (next) => async (request) => {
    const current = typeof token === "function" ? await token() : token;
    if (current) {
      request.header.set("authorization", `Bearer ${current}`);
    }
    return next(request);
  };
}
