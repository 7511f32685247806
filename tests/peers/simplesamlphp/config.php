<?php
// SimpleSAMLphp as an identity provider whose every file is in one folder: SIMPLESAMLPHP_CONFIG_DIR.
$folder = getenv('SIMPLESAMLPHP_CONFIG_DIR');
$config = json_decode(file_get_contents("$folder/site.json"), true) + [
    'certdir' => "$folder/",
    'loggingdir' => "$folder/",
    'datadir' => "$folder/",
    'tempdir' => "$folder/written/",
    'metadatadir' => "$folder/",
    'attributenamemapdir' => '/etc/simplesamlphp/attributemap/',
    'timezone' => 'UTC',
    'logging.level' => SimpleSAML\Logger::NOTICE,
    'logging.handler' => 'errorlog',
    'enable.saml20-idp' => true,
    'module.enable' => ['exampleauth' => true, 'core' => true, 'saml' => true],
    'session.phpsession.savepath' => "$folder/written/",
    'session.cookie.secure' => true,
    'session.cookie.samesite' => 'None',
    'session.phpsession.cookiename' => 'SimpleSAML',
    'store.type' => 'phpsession',
    // Service providers as the metadata that they publish.
    'metadata.sources' => array_merge(
        [['type' => 'flatfile', 'directory' => $folder]],
        array_map(fn ($file) => ['type' => 'xml', 'file' => $file], glob("$folder/providers/*.xml"))
    ),
];
